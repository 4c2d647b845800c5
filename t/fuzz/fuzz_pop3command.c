/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char line[COMMAND_MAX + 1];
    struct buf in;
    int skipping = 0;
    size_t len, taken, at, piece = size ? 1 + data[0] : 1;

    buf_init(&in, size + 1);
    for (at = 0; at < size; at += piece) {
        buf_append(&in, data + at, size - at < piece ? size - at : piece);
        while (command_take(&in, &skipping, line, &len, &taken) != COMMAND_NONE) {
            struct command c;
            char *word;
            uint32_t n;

            if (len > taken || taken > COMMAND_MAX || memchr(line, '\n', len) || line[len])
                abort();
            command_split(&c, line, len);
            while ((word = command_word(&c.rest)) != NULL)
                if (!*word || (command_number(word, &n) == 0 && n > COMMAND_NUMBER_MAX))
                    abort();
        }
    }
    buf_free(&in);
    return 0;
}
