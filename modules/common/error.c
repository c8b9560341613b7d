#include "common/error.h"

const char *nadir_strerror(int err) {
    switch (err) {
    case NADIR_OK:
        return "ok";
    case NADIR_EINVAL:
        return "invalid input";
    case NADIR_ENOTFOUND:
        return "not found";
    case NADIR_ECONFLICT:
        return "conflict";
    case NADIR_EDENIED:
        return "denied";
    case NADIR_EUNAUTH:
        return "not authenticated";
    case NADIR_EUNAVAILABLE:
        return "unavailable";
    case NADIR_ETIMEOUT:
        return "deadline passed";
    case NADIR_EBUSY:
        return "busy";
    case NADIR_ETOOLARGE:
        return "too large";
    case NADIR_ENOMEM:
        return "out of memory";
    default:
        return "internal error";
    }
}
