/* SPDX-License-Identifier: ISC */
/* authdaemonrc, authsqliterc, map files, and the SQL with placeholders in them. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdint.h>
#include <string.h>

#include "account.h"
#include "mem.h"
#include "rcfile.h"
#include "sqltext.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
compile(enum sqltext_syntax syntax, const char *text)
{
    static const struct sqltext_name names[] = {{"local_part", 'l'}, {"domain", 'd'}, {NULL, 0}};
    struct sqltext_param p;
    const char *why = NULL;
    struct sqltext *s = sqltext_compile(syntax, names, text, &why);

    if (!s && !why)
        __builtin_trap();
    sqltext_free(s);
    if (sqltext_compile_value(text, &p) == 0)
        sqltext_param_free(&p);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum rcfile_syntax syntax[] = {RCFILE_SHELL, RCFILE_COURIER, RCFILE_POSTFIX};
    const char *text = (const char *)data;
    struct conf_error err;
    struct rcfile *rc;
    char *copy;
    size_t i, k;

    for (i = 0; i < MR_NELEM(syntax); i++) {
        rc = rcfile_parse(syntax[i], "fuzz", text, size, &err);
        for (k = 0; rc && k < rc->n; k++)
            compile(i == 1 ? SQLTEXT_DOLLAR : SQLTEXT_PERCENT, rc->entries[k].value);
        rcfile_free(rc);
    }
    accounts_free(accounts_parse("fuzz", text, size, SDB_READ_ONLY, &err));
    sdb_close_all();
    copy = mem_strndup(text, size);
    compile(SQLTEXT_PERCENT, copy);
    compile(SQLTEXT_DOLLAR, copy);
    mem_free(copy);
    return 0;
}
