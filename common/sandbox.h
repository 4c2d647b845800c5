/* SPDX-License-Identifier: ISC */
/*
 * What the kernel takes from a process for good, beyond its user and root directory:
 * system calls that its work does not need (seccomp, where libseccomp was found), and files outside of its
 * one directory (Landlock, where the kernel has it). Both are a second wall: without them the process does
 * the same work.
 */
#ifndef MR_SANDBOX_H
#define MR_SANDBOX_H

/* What a process goes on needing. The numbers are flags of struct worker_kind, too. */
#define SANDBOX_MAY_OPEN 0x100   /* open, make and remove files */
#define SANDBOX_MAY_SOCKET 0x200 /* make sockets of its own, connect, bind */
#define SANDBOX_MAY_FORK 0x400   /* make processes, change user and root directory */

/* Refuses (EPERM) the system calls of what is not in `may`, and those that no process of ours needs. No
 * program can be executed after it. A kernel without seccomp, and a build with sanitizers, go on without. */
void sandbox_system_calls(unsigned may);
/* Refuses (EACCES) all files but those below the open directory dirfd. */
void sandbox_files(int dirfd);

#endif
