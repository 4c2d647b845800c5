/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "conf_impl.h"
#include "mem.h"
#include "strutil.h"

#include <limits.h>
#include <string.h>

int
conf_value_int(const struct param *p, const char *text, long *v_r)
{
    uint64_t v;

    if (str_to_u64(text, LONG_MAX, &v) < 0 || (long)v < p->min || (long)v > p->max)
        return -1;
    *v_r = (long)v;
    return 0;
}

int
conf_value_time(const struct param *p, const char *text, double *v_r)
{
    return str_to_seconds(text, p->unit, v_r) < 0 || *v_r < (double)p->min || *v_r > (double)p->max ? -1 : 0;
}

int
conf_value_bool(const char *text, int *v_r)
{
    *v_r = str_ieq(text, "yes");
    return *v_r || str_ieq(text, "no") ? 0 : -1;
}

static int
list_is_balanced(const char *s)
{
    size_t depth = 0;

    for (; *s; s++) {
        if (*s == '{')
            depth++;
        else if (*s == '}' && depth-- == 0)
            return 0;
    }
    return depth == 0;
}

static int
check_type(const struct conf_entry *e, const char *value, struct conf_error *err)
{
    const struct param *p = e->param;
    double seconds;
    long number;
    int yes;

    switch (p->type) {
    case PARAM_INT:
        if (conf_value_int(p, value, &number) == 0)
            return 0;
        conf_error_at(err, e, "%s = %.60s: this must be a number from %ld to %ld", e->name, value, p->min,
                      p->max);
        return -1;
    case PARAM_TIME:
        if (conf_value_time(p, value, &seconds) == 0)
            return 0;
        conf_error_at(err, e, "%s = %.60s: this must be a time such as 30s, 5m, 1h or 2d, from %lds to %lds",
                      e->name, value, p->min, p->max);
        return -1;
    case PARAM_BOOL:
        if (conf_value_bool(value, &yes) == 0)
            return 0;
        conf_error_at(err, e, "%s = %.60s: this must be yes or no", e->name, value);
        return -1;
    case PARAM_LIST:
        if (list_is_balanced(value))
            return 0;
        conf_error_at(err, e, "%s: '{' and '}' do not match in this list: add or remove one", e->name);
        return -1;
    default:
        return 0;
    }
}

int
conf_check(struct conf *c, struct conf_error *err)
{
    const struct param *p;
    struct conf_entry **all;
    const char *value;
    size_t i, n;
    int rc = 0;

    p = params_all(&n);
    for (i = 0; i < n; i++)
        conf_entry_get(c, p[i].name);
    all = conf_entries_sorted(c, &n);
    for (i = 0; rc == 0 && i < n; i++) {
        value = conf_entry_expand(c, all[i], err);
        if (!value || (all[i]->param && check_type(all[i], value, err) < 0))
            rc = -1;
    }
    mem_free(all);
    return rc;
}
