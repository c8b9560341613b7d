/* visible.h: which items a subject may know of, in SQL, as rights.c decides it: public, own, shared or bought. */
#ifndef NADIR_DOWNLOAD_VISIBLE_H
#define NADIR_DOWNLOAD_VISIBLE_H

#define S3_VISIBLE(subject)                                                                                                    \
    " (i.owner IS NULL OR i.owner = " subject " OR EXISTS (SELECT FROM right_share s WHERE s.subject = " subject               \
    "   AND s.collection = i.collection AND (s.item = i.item OR s.item IS NULL) AND s.owner = i.owner)"                        \
    "  OR EXISTS (SELECT FROM right_entitlement e WHERE e.subject = " subject " AND e.collection = i.collection"               \
    "   AND e.item = i.item AND (e.expires_at IS NULL OR e.expires_at > now())))"

#endif
