/* SPDX-License-Identifier: ISC */
/* What libxcrypt's crypt.h takes from glibc's header of this name, for a C library without it. */
#ifndef MR_FLOOR_SYS_CDEFS_H
#define MR_FLOOR_SYS_CDEFS_H

#define __BEGIN_DECLS
#define __END_DECLS
#define __THROW

#endif
