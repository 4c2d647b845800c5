/* SPDX-License-Identifier: ISC */
/* Domains, mailboxes and aliases: see mailadm(8). */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "address.h"
#include "authclient.h"
#include "keys.h"
#include "log.h"
#include "maildir.h"
#include "mailadm.h"
#include "mem.h"
#include "password.h"
#include "rcfile.h"
#include "strutil.h"

#define EXIT_USAGE 64

int
mailadm_fail(const char *fmt, ...)
{
    va_list ap;

    fputs("mailadm: ", stderr);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
    return 1;
}

/* ---- arguments -------------------------------------------------------------------------------------- */

/* A domain, lower-cased into to. 0 or 1 (said). */
static int
take_domain(const char *text, char to[ADDRESS_MAX])
{
    if (strlen(text) >= ADDRESS_MAX || !address_valid_hostname(text))
        return mailadm_fail("%s: not a domain", text);
    strcpy(to, text);
    address_lower(to);
    return 0;
}

/*
 * An address of a mailbox, lower-cased. Its local part becomes a directory: no slash, and no dot
 * in front. 0 or 1 (said).
 */
static int
take_mailbox(const char *text, struct address *a)
{
    if (!key_is_sane(text) || address_parse_plain(text, a) < 0 || !*a->local ||
        !address_valid_hostname(a->domain) || strchr(a->local, '/') || a->local[0] == '.')
        return mailadm_fail("%s: not an address that can be a mailbox", text);
    address_lower(a->local);
    address_lower(a->domain);
    return 0;
}

static int
take_password(char line[PASSWORD_MAX + 2], const struct mailadm *m, struct buf *hash)
{
    int rc;

    if (!isatty(0) && !m->password_stdin)
        return mailadm_fail("standard input is no terminal; use --password-stdin");
    if (!authclient_password(line, PASSWORD_MAX + 2) || !*line)
        return mailadm_fail("the password is empty");
    rc = password_hash("crypt", line, hash);
    mem_wipe(line, PASSWORD_MAX + 2);
    return rc < 0 ? mailadm_fail("crypt(3) cannot make a hash") : 0;
}

/* Bytes get the S that Courier and maildrop want. 0 or 1 (said). */
static int
take_quota(const char *text, char *to, size_t size)
{
    struct maildir_quota q;
    int odd = 0;

    maildir_quota_parse(text, &q, &odd);
    if (strlen(text) + 2 > size || odd) {
        if (strspn(text, "0123456789") != strlen(text) || strlen(text) + 2 > size)
            return mailadm_fail("%s: not a quota; examples: 104857600S, 100000000S,5000C, 0", text);
    }
    snprintf(to, size, "%s%s", text,
             strcmp(text, "0") && strspn(text, "0123456789") == strlen(text) ? "S" : "");
    return 0;
}

/* What the SQL deletes has `key` as its name; `what` it is is for the message. The exit status. */
static int
remove_row(struct mailadm *m, const char *sql, const char *key, const char *what)
{
    int n = mailadm_change(m, sql, &key, 1);

    return n == 0 ? mailadm_fail("%s: no such %s", key, what) : n < 0;
}

/* ---- domains ----------------------------------------------------------------------------------------- */

static int
domain_add(struct mailadm *m, char **arg)
{
    char domain[ADDRESS_MAX];
    const char *params[1];

    if (take_domain(arg[0], domain))
        return 1;
    params[0] = domain;
    switch (mailadm_exists(m, "SELECT 1 FROM domain WHERE domain = ?1", domain)) {
    case 0:
        return mailadm_change(
                   m, "INSERT INTO domain (domain, createdate) VALUES (?1, datetime('now', 'localtime'))",
                   params, 1) == 1
                   ? 0
                   : 1;
    case 1:
        return mailadm_fail("%s: there is such a domain", domain);
    default:
        return 1;
    }
}

static int
domain_remove(struct mailadm *m, char **arg)
{
    static const char in_use[] =
        "SELECT 1 FROM mailbox WHERE domain = ?1 UNION SELECT 1 FROM alias WHERE domain = ?1";
    int n = mailadm_exists(m, in_use, arg[0]);

    if (n == 1)
        return mailadm_fail("%s: there are mailboxes or aliases in it", arg[0]);
    return n < 0 ? 1 : remove_row(m, "DELETE FROM domain WHERE domain = ?1", arg[0], "domain");
}

static int
domain_list(struct mailadm *m, char **arg)
{
    MR_UNUSED(arg);
    return mailadm_list(m, "SELECT domain, active FROM domain ORDER BY domain");
}

/* ---- mailboxes ---------------------------------------------------------------------------------------- */

/* Whose mailboxes they are, unless the options say. 0 or 1 (said). */
static int
find_owner(struct mailadm *m)
{
    struct stat st;

    if (m->uid >= 0 && m->gid >= 0)
        return 0;
    if (stat(m->mailboxes, &st) < 0)
        return mailadm_fail("%s (virtual_mailbox_base) cannot be found", m->mailboxes);
    m->uid = m->uid >= 0 ? m->uid : (long)st.st_uid;
    m->gid = m->gid >= 0 ? m->gid : (long)st.st_gid;
    if (m->uid == 0 || m->gid == 0)
        return mailadm_fail("mailboxes may not be root's: use --uid and --gid, or give %s to their owner",
                            m->mailboxes);
    return 0;
}

static int
insert_mailbox(struct mailadm *m, const struct address *a, const char *hash, const char *quota)
{
    static const char sql[] =
        "INSERT INTO mailbox (username, uid, password, name, maildir, homedir, quota, domain, uidnumber, "
        "gidnumber, "
        "createdate) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, datetime('now', 'localtime'))";
    char username[2 * ADDRESS_MAX], maildir[2 * ADDRESS_MAX + 16], home[2 * ADDRESS_MAX], uid[24], gid[24];
    const char *params[10];

    snprintf(username, sizeof(username), "%s@%s", a->local, a->domain);
    snprintf(home, sizeof(home), "%s/%s", a->domain, a->local);
    snprintf(maildir, sizeof(maildir), "%s/Maildir/", home);
    snprintf(uid, sizeof(uid), "%ld", m->uid);
    snprintf(gid, sizeof(gid), "%ld", m->gid);
    params[0] = username;
    params[1] = a->local;
    params[2] = hash;
    params[3] = m->name;
    params[4] = maildir;
    params[5] = home;
    params[6] = quota;
    params[7] = a->domain;
    params[8] = uid;
    params[9] = gid;
    /* First the directory: an account without one would take mail that cannot be delivered. */
    if (mailadm_make_maildir(m->mailboxes, maildir, (uid_t)m->uid, (gid_t)m->gid) < 0)
        return 1;
    return mailadm_change(m, sql, params, MR_NELEM(params)) == 1 ? 0 : 1;
}

static int
mailbox_add(struct mailadm *m, char **arg)
{
    struct address a;
    struct buf hash;
    char line[PASSWORD_MAX + 2], quota[64];
    int n, rc;

    if (take_mailbox(arg[0], &a) || take_quota(m->quota, quota, sizeof(quota)) || find_owner(m))
        return 1;
    n = mailadm_exists(m, "SELECT 1 FROM domain WHERE domain = ?1", a.domain);
    if (n != 1)
        return n < 0 ? 1
                     : mailadm_fail("%s: no such domain; first: mailadm domain add %s", a.domain, a.domain);
    n = mailadm_exists(m, "SELECT 1 FROM mailbox WHERE username = ?1", arg[0]);
    if (n != 0)
        return n < 0 ? 1 : mailadm_fail("%s: there is such a mailbox", arg[0]);
    buf_init(&hash, 1024);
    rc = take_password(line, m, &hash) ? 1 : insert_mailbox(m, &a, buf_cstr(&hash), quota);
    buf_free(&hash);
    return rc;
}

static int
mailbox_passwd(struct mailadm *m, char **arg)
{
    char line[PASSWORD_MAX + 2];
    const char *params[2];
    struct buf hash;
    int n;

    buf_init(&hash, 1024);
    if (take_password(line, m, &hash))
        return 1;
    params[0] = arg[0];
    params[1] = buf_cstr(&hash);
    n = mailadm_change(m, "UPDATE mailbox SET password = ?2 WHERE username = ?1", params, 2);
    buf_free(&hash);
    return n == 0 ? mailadm_fail("%s: no such mailbox", arg[0]) : n < 0;
}

static int
mailbox_remove(struct mailadm *m, char **arg)
{
    return remove_row(m, "DELETE FROM mailbox WHERE username = ?1", arg[0], "mailbox");
}

static int
mailbox_list(struct mailadm *m, char **arg)
{
    MR_UNUSED(arg);
    return mailadm_list(m, "SELECT username, quota, active, name FROM mailbox ORDER BY domain, username");
}

/* ---- aliases ------------------------------------------------------------------------------------------ */

/* "user@domain", or "@domain" for everybody else there. The exit status. */
static int
alias_add(struct mailadm *m, char **arg)
{
    static const char sql[] = "INSERT INTO alias (address, goto, domain, createdate) VALUES (?1, ?2, ?3, "
                              "datetime('now', 'localtime'))";
    const char *params[3], *at = strrchr(arg[0], '@');
    char domain[ADDRESS_MAX], address[KEY_MAX_LEN + 1];
    int n;

    if (!at || !key_is_sane(arg[0]) || !*arg[1] || !text_is_sane(arg[1], strlen(arg[1])))
        return mailadm_fail("an alias needs an address (or @domain) and the addresses it stands for");
    if (take_domain(at + 1, domain))
        return 1;
    strcpy(address, arg[0]);
    address_lower(address);
    n = mailadm_exists(m, "SELECT 1 FROM alias WHERE address = ?1", address);
    if (n != 0)
        return n < 0 ? 1 : mailadm_fail("%s: there is such an alias", address);
    params[0] = address;
    params[1] = arg[1];
    params[2] = domain;
    return mailadm_change(m, sql, params, 3) == 1 ? 0 : 1;
}

static int
alias_remove(struct mailadm *m, char **arg)
{
    return remove_row(m, "DELETE FROM alias WHERE address = ?1", arg[0], "alias");
}

static int
alias_list(struct mailadm *m, char **arg)
{
    MR_UNUSED(arg);
    return mailadm_list(m, "SELECT address, goto, active FROM alias ORDER BY domain, address");
}

static int
init(struct mailadm *m, char **arg)
{
    MR_UNUSED(arg);
    return mailadm_init(m);
}

/* ---- the program -------------------------------------------------------------------------------------- */

static const struct command {
    const char *object, *verb;
    int nargs;
    int (*run)(struct mailadm *m, char **arg);
    const char *args, *what;
} commands[] = {
    {"init", NULL, 0, init, "", "make the database and its tables, where they are missing"},
    {"domain", "add", 1, domain_add, "DOMAIN", "take mail for a domain"},
    {"domain", "remove", 1, domain_remove, "DOMAIN", "no more; it must be empty"},
    {"domain", "list", 0, domain_list, "", "domains, and whether they are active"},
    {"mailbox", "add", 1, mailbox_add, "ADDRESS", "an account and its Maildir"},
    {"mailbox", "passwd", 1, mailbox_passwd, "ADDRESS", "a new password"},
    {"mailbox", "remove", 1, mailbox_remove, "ADDRESS", "the account; its mail is left where it is"},
    {"mailbox", "list", 0, mailbox_list, "", "address, quota, active, name"},
    {"alias", "add", 2, alias_add, "ADDRESS TARGETS", "mail for ADDRESS (or @DOMAIN) goes to TARGETS"},
    {"alias", "remove", 1, alias_remove, "ADDRESS", "no more"},
    {"alias", "list", 0, alias_list, "", "address, targets, active"},
};

static int
usage(FILE *to, int status)
{
    size_t i;

    fputs("Usage: mailadm [-c DIR] COMMAND [OPTIONS]\n\n", to);
    for (i = 0; i < MR_NELEM(commands); i++)
        fprintf(to, "  %-8s%-8s%-17s%s\n", commands[i].object, commands[i].verb ? commands[i].verb : "",
                commands[i].args, commands[i].what);
    fputs("\n  -c DIR            main.cf and authsqliterc are in DIR (" MR_CONFIG_DIR ")\n"
          "  --quota N         bytes, or as maildrop has it: 104857600S,5000C [0: none]\n"
          "  --name TEXT       the user's name\n"
          "  --uid N, --gid N  owner of the mailbox [owner of virtual_mailbox_base]\n"
          "  --password-stdin  the password is the first line of standard input\n"
          "  --help, --version\n",
          to);
    return status;
}

static int
open_settings(struct mailadm *m, const char *dir)
{
    struct conf_error err;
    struct rcfile *rc = NULL;
    char path[1100];

    m->conf = conf_read(dir, &err);
    if (m->conf) {
        snprintf(path, sizeof(path), "%s/authsqliterc", conf_str(m->conf, "authlib_config_directory"));
        rc = rcfile_read(RCFILE_COURIER, path, &err);
    }
    if (!rc)
        return mailadm_fail("%s", err.text);
    snprintf(m->database, sizeof(m->database), "%s", rcfile_get(rc, "SQLITE_DATABASE", ""));
    snprintf(m->mailboxes, sizeof(m->mailboxes), "%s", conf_str(m->conf, "virtual_mailbox_base"));
    rcfile_free(rc);
    if (*m->database != '/')
        return mailadm_fail("%s: SQLITE_DATABASE must be an absolute path", path);
    m->db = sdb_get(m->database, SDB_READ_WRITE);
    return 0;
}

static int
run_command(struct mailadm *m, const char *dir, char **arg, int n)
{
    const struct command *c;
    int words;

    for (c = commands; c < commands + MR_NELEM(commands); c++) {
        words = c->verb ? 2 : 1;
        if (n == words + c->nargs && strcmp(arg[0], c->object) == 0 &&
            (!c->verb || strcmp(arg[1], c->verb) == 0))
            return open_settings(m, dir) ? 1 : c->run(m, arg + words);
    }
    return usage(stderr, EXIT_USAGE);
}

static int
take_id(const char *text, long *id)
{
    uint64_t v;

    if (str_to_u64(text, 0x7ffffffe, &v) < 0 || v == 0)
        return mailadm_fail("%s: not a user or group number above 0", text);
    *id = (long)v;
    return 0;
}

int
main(int argc, char **argv)
{
    static const struct option options[] = {{"quota", 1, NULL, 'q'},
                                            {"name", 1, NULL, 'n'},
                                            {"uid", 1, NULL, 'u'},
                                            {"gid", 1, NULL, 'g'},
                                            {"password-stdin", 0, NULL, 'p'},
                                            {"help", 0, NULL, 'h'},
                                            {"version", 0, NULL, 'v'},
                                            {NULL, 0, NULL, 0}};
    static struct mailadm m;
    const char *dir = MR_CONFIG_DIR;
    int c, rc = 0;

    m.quota = "0";
    m.name = "";
    m.uid = m.gid = -1;
    log_init("", "mailadm");
    while ((c = getopt_long(argc, argv, "c:", options, NULL)) != -1) {
        switch (c) {
        case 'c':
            dir = optarg;
            break;
        case 'q':
            m.quota = optarg;
            break;
        case 'n':
            m.name = optarg;
            break;
        case 'u':
            rc |= take_id(optarg, &m.uid);
            break;
        case 'g':
            rc |= take_id(optarg, &m.gid);
            break;
        case 'p':
            m.password_stdin = 1;
            break;
        case 'h':
            return usage(stdout, 0);
        case 'v':
            puts("mailadm (mailreeve) " PACKAGE_VERSION);
            return 0;
        default:
            return usage(stderr, EXIT_USAGE);
        }
    }
    if (rc == 0)
        rc = optind < argc ? run_command(&m, dir, argv + optind, argc - optind) : usage(stderr, EXIT_USAGE);
    sdb_close_all();
    log_flush();
    return rc;
}
