# authd: the account directory, and the tools around accounts
noinst_LIBRARIES += libmrauthd.a
libmrauthd_a_SOURCES = \
  authd/account.c authd/account.h authd/authreq.c authd/authreq.h authd/directory.c authd/directory.h \
  authd/domains.c authd/expand.c authd/expand.h authd/keys.c authd/keys.h authd/password.c authd/password.h \
  authd/rcfile.c authd/rcfile.h authd/sdb.c authd/sdb.h authd/sqltext.c authd/sqltext.h authd/strmap.c authd/strmap.h \
  authd/table.c authd/table.h authd/table_private.h authd/table_sqlite.c authd/table_text.c \
  authd/ticket.c authd/ticket.h
AUTHD_LIBS = libmrauthd.a $(COMMON_LIBS) $(SQLITE_LIBS) $(CRYPTO_LIBS) $(CRYPT_LIBS)

sbin_PROGRAMS += authd/authd
authd_authd_SOURCES = authd/authd.c authd/client.c authd/daemon.h authd/login.c authd/login.h \
  authd/roles.c authd/roles.h authd/roles_auth.c authd/saslserver.c authd/saslserver.h \
  authd/verifier.c authd/verifier.h authd/verify.c authd/verify.h
authd_authd_LDADD = $(AUTHD_LIBS) $(SASL_LIBS)
