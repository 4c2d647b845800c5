/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "qid.h"

#define QID_USEC_DIGITS 5
#define QID_USEC_MAX 1000000

static const char qid_digits[] = "0123456789ABCDEF";

static void
qid_put(char *to, unsigned n, uint32_t v)
{
    while (n-- > 0) {
        to[n] = qid_digits[v & 15];
        v >>= 4;
    }
}

/* n upper-case hex digits, at most 8. Stops at a NUL as at any other character. */
static int
qid_get(const char *from, unsigned n, uint32_t *v_r)
{
    uint32_t v = 0;
    unsigned i;

    for (i = 0; i < n; i++) {
        if (from[i] >= '0' && from[i] <= '9')
            v = v << 4 | (uint32_t)(from[i] - '0');
        else if (from[i] >= 'A' && from[i] <= 'F')
            v = v << 4 | (uint32_t)(from[i] - 'A' + 10);
        else
            return -1;
    }
    *v_r = v;
    return 0;
}

void
qid_format(char qid[QID_SIZE], uint32_t sec, uint32_t usec)
{
    qid_put(qid, QID_USEC_DIGITS, usec);
    qid_put(qid + QID_USEC_DIGITS, QID_LEN - QID_USEC_DIGITS, sec);
    qid[QID_LEN] = '\0';
}

int
qid_parse(const char *qid, uint32_t *sec_r, uint32_t *usec_r)
{
    uint32_t sec, usec;

    if (qid_get(qid, QID_USEC_DIGITS, &usec) < 0 || usec >= QID_USEC_MAX)
        return -1;
    if (qid_get(qid + QID_USEC_DIGITS, QID_LEN - QID_USEC_DIGITS, &sec) < 0 || qid[QID_LEN] != '\0')
        return -1;
    *sec_r = sec;
    *usec_r = usec;
    return 0;
}
