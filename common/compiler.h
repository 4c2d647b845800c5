/* SPDX-License-Identifier: ISC */
/*
 * What the compilers from gcc 4.4 on can say about our functions, and a
 * static assertion that C99 compiles.
 */
#ifndef MR_COMPILER_H
#define MR_COMPILER_H

#include <stddef.h>

#if defined(__GNUC__)
#define MR_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define MR_MUST_CHECK __attribute__((warn_unused_result))
#define MR_NORETURN __attribute__((noreturn))
#else
#define MR_PRINTF(fmt, args)
#define MR_MUST_CHECK
#define MR_NORETURN
#endif

#define MR_UNUSED(x) ((void)(x))
#define MR_NELEM(a) (sizeof(a) / sizeof((a)[0]))

/* Fails to compile (negative array size) where cond is false. */
#define MR_STATIC_ASSERT(name, cond) typedef char mr_assert_##name[(cond) ? 1 : -1]

/* The struct of type `type` whose member `member` is at `ptr`. */
#define MR_CONTAINER(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

#endif
