/* endpoints.h: handlers under /oauth2/ and /.well-known/. */
#ifndef IDENTITY_ENDPOINTS_H
#define IDENTITY_ENDPOINTS_H

#include "common/http.h"

int openid_configuration(struct request *rq, struct response *rs); /* discovery.c */
int oauth2_jwks(struct request *rq, struct response *rs);          /* discovery.c */
int oauth2_authorize(struct request *rq, struct response *rs);
int oauth2_authorize_post(struct request *rq, struct response *rs);
int oauth2_token(struct request *rq, struct response *rs);
int oauth2_userinfo(struct request *rq, struct response *rs);
int oauth2_introspect(struct request *rq, struct response *rs);
int oauth2_revoke(struct request *rq, struct response *rs); /* introspect.c */
int oauth2_logout(struct request *rq, struct response *rs);
int oauth2_logout_post(struct request *rq, struct response *rs);

#endif
