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

# Tools; authtest and the others speak with authd through its socket.
sbin_PROGRAMS += authd/authtest authd/authenumerate authd/authpasswd authd/mailadm
authd_authtest_SOURCES = authd/authtest.c authd/authclient.c authd/authclient.h
authd_authtest_LDADD = $(COMMON_LIBS)
authd_authenumerate_SOURCES = authd/authenumerate.c authd/authclient.c authd/authclient.h
authd_authenumerate_LDADD = $(COMMON_LIBS)
authd_authpasswd_SOURCES = authd/authpasswd.c authd/authclient.c authd/authclient.h
authd_authpasswd_LDADD = $(AUTHD_LIBS)
authd_mailadm_SOURCES = authd/mailadm.c authd/mailadm.h authd/mailadm_db.c authd/mailadm_dir.c \
  authd/authclient.c authd/authclient.h
authd_mailadm_CPPFLAGS = $(AM_CPPFLAGS) -Iauthd
authd_mailadm_LDADD = $(AUTHD_LIBS)

# mailadm carries the schema, as strings, so that it finds it wherever it runs.
EXTRA_DIST += schema/extmail.sqlite.sql conf/authdaemonrc conf/authsqliterc conf/sqlite_virtual_alias_maps.cf \
  conf/sqlite_virtual_domains_maps.cf conf/sqlite_virtual_mailbox_maps.cf conf/sqlite_virtual_sender_maps.cf
authd/mailadm-mailadm_db.$(OBJEXT): authd/extmail_sql.h
authd/extmail_sql.h: $(top_srcdir)/schema/extmail.sqlite.sql
	$(MKDIR_P) authd
	sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/"/' -e 's/$$/\\n",/' $(top_srcdir)/schema/extmail.sqlite.sql > $@
CLEANFILES = authd/extmail_sql.h

AUTHD_TEST_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/authd
if CMOCKA
UNIT_TESTS += t/unit/test_authparse t/unit/test_authtable
t_unit_test_authparse_SOURCES = t/unit/test_authparse.c
t_unit_test_authparse_CPPFLAGS = $(AUTHD_TEST_CPPFLAGS)
t_unit_test_authparse_LDADD = $(AUTHD_LIBS) $(CMOCKA_LIBS)
t_unit_test_authtable_SOURCES = t/unit/test_authtable.c
t_unit_test_authtable_CPPFLAGS = $(AUTHD_TEST_CPPFLAGS)
t_unit_test_authtable_LDADD = $(AUTHD_LIBS) $(CMOCKA_LIBS)
endif
if FUZZ
FUZZERS += t/fuzz/fuzz_authreq t/fuzz/fuzz_rcfile t/fuzz/fuzz_expand
t_fuzz_fuzz_authreq_SOURCES = t/fuzz/fuzz_authreq.c
t_fuzz_fuzz_authreq_CPPFLAGS = $(AUTHD_TEST_CPPFLAGS)
t_fuzz_fuzz_authreq_LDFLAGS = -fsanitize=fuzzer,address,undefined
t_fuzz_fuzz_authreq_LDADD = $(AUTHD_LIBS)
t_fuzz_fuzz_rcfile_SOURCES = t/fuzz/fuzz_rcfile.c
t_fuzz_fuzz_rcfile_CPPFLAGS = $(AUTHD_TEST_CPPFLAGS)
t_fuzz_fuzz_rcfile_LDFLAGS = -fsanitize=fuzzer,address,undefined
t_fuzz_fuzz_rcfile_LDADD = $(AUTHD_LIBS)
t_fuzz_fuzz_expand_SOURCES = t/fuzz/fuzz_expand.c
t_fuzz_fuzz_expand_CPPFLAGS = $(AUTHD_TEST_CPPFLAGS)
t_fuzz_fuzz_expand_LDFLAGS = -fsanitize=fuzzer,address,undefined
t_fuzz_fuzz_expand_LDADD = $(AUTHD_LIBS)
endif

dist_man_MANS += authd/authd.8 authd/mailadm.8 authd/authtest.1 authd/authenumerate.1 authd/authpasswd.1
