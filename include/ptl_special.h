#ifndef PTL_SPECIAL_H
#define PTL_SPECIAL_H
#endif
