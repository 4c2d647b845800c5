/* SPDX-License-Identifier: ISC */
/* Addresses: what was parsed must be the same address after it was written and parsed again. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "address.h"
#include "mem.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
fuzz_check(int ok)
{
    if (!ok)
        abort();
}

static int
fuzz_same(const struct address *a, const struct address *b)
{
    return strcmp(a->local, b->local) == 0 && strcmp(a->domain, b->domain) == 0 && a->quoted == b->quoted;
}

static void
fuzz_round_trip(const struct address *a, unsigned flags)
{
    struct address again;
    const char *text;
    struct buf b;

    buf_init(&b, 2 * ADDRESS_MAX + 8);
    fuzz_check(buf_putc(&b, '<') == 0 && address_put_smtp(&b, a) == 0 && buf_putc(&b, '>') == 0);
    text = buf_cstr(&b);
    fuzz_check(address_parse_path(&text, flags, &again) == 0);
    fuzz_check(*text == '\0' && fuzz_same(a, &again));
    buf_reset(&b);
    fuzz_check(address_put_plain(&b, a) == 0 && buf_len(&b) <= ADDRESS_MAX);
    for (text = buf_cstr(&b); *text != '\0'; text++)
        fuzz_check((unsigned char)*text >= ' ' && *text != 0x7f);
    if (buf_len(&b) > 0)
        fuzz_check(address_parse_plain(buf_cstr(&b), &again) == 0 && fuzz_same(a, &again));
    buf_free(&b);
}

static void
fuzz_in_header(void *arg, const char *text)
{
    struct address a;

    ++*(size_t *)arg;
    fuzz_check(address_parse_plain(text, &a) == 0);
    fuzz_round_trip(&a, ADDRESS_ALLOW_BARE | ADDRESS_ALLOW_UTF8);
}

/* The first byte chooses the flags. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    unsigned flags = n ? data[0] & 15 : 0;
    char *text = n ? mem_strndup((const char *)data + 1, n - 1) : mem_strdup("");
    const char *rest = text;
    struct address a;
    size_t found = 0;
    int count;

    if (address_parse_path(&rest, flags, &a) == 0) {
        fuzz_check(rest > text && rest <= text + n);
        fuzz_round_trip(&a, flags);
    }
    if (address_parse_plain(text, &a) == 0)
        fuzz_round_trip(&a, ADDRESS_ALLOW_BARE | ADDRESS_ALLOW_UTF8);
    count = address_each_in_header((const char *)data, n, 20, fuzz_in_header, &found);
    fuzz_check(count < 0 ? found <= 20 : (size_t)count == found);
    address_valid_hostname(text);
    address_valid_literal(text);
    mem_free(text);
    return 0;
}
