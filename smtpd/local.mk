# smtpd
sbin_PROGRAMS += smtpd/smtpd
noinst_LIBRARIES += libmrsmtpd.a
libmrsmtpd_a_SOURCES = \
  smtpd/auth.c smtpd/client_count.c smtpd/client_count.h smtpd/command.c smtpd/command.h smtpd/command_params.c \
  smtpd/commands.c smtpd/data.c smtpd/data_decoder.c smtpd/data_decoder.h smtpd/ehlo.c smtpd/envelope.c \
  smtpd/headers.c smtpd/headers.h smtpd/owner.c smtpd/restrict.c smtpd/restrict.h smtpd/restrict_checks.c smtpd/restrict_private.h \
  smtpd/session.c smtpd/session.h smtpd/session_io.c smtpd/session_private.h \
  smtpd/settings.c smtpd/settings.h smtpd/tx.c smtpd/tx.h
smtpd_smtpd_SOURCES = smtpd/smtpd.c
smtpd_smtpd_LDADD = libmrsmtpd.a $(COMMON_LIBS)
dist_man_MANS += smtpd/smtpd.8

if CMOCKA
UNIT_TESTS += t/unit/test_smtpcommand t/unit/test_smtpdata t/unit/test_smtpsession
t_unit_test_smtpcommand_SOURCES = t/unit/test_smtpcommand.c
t_unit_test_smtpcommand_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/smtpd
t_unit_test_smtpcommand_LDADD = libmrsmtpd.a $(COMMON_LIBS) $(CMOCKA_LIBS)
t_unit_test_smtpdata_SOURCES = t/unit/test_smtpdata.c
t_unit_test_smtpdata_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/smtpd
t_unit_test_smtpdata_LDADD = libmrsmtpd.a $(COMMON_LIBS) $(CMOCKA_LIBS)
t_unit_test_smtpsession_SOURCES = t/unit/test_smtpsession.c t/unit/smtpd_fake.c t/unit/smtpd_fake.h
t_unit_test_smtpsession_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/smtpd
t_unit_test_smtpsession_LDADD = libmrsmtpd.a $(COMMON_LIBS) $(CMOCKA_LIBS)
endif
if FUZZ
FUZZERS += t/fuzz/fuzz_smtpdata t/fuzz/fuzz_smtpsession
t_fuzz_fuzz_smtpdata_SOURCES = t/fuzz/fuzz_smtpdata.c
t_fuzz_fuzz_smtpdata_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/smtpd
t_fuzz_fuzz_smtpdata_LDFLAGS = -fsanitize=fuzzer,address,undefined
t_fuzz_fuzz_smtpdata_LDADD = libmrsmtpd.a $(COMMON_LIBS)
t_fuzz_fuzz_smtpsession_SOURCES = t/fuzz/fuzz_smtpsession.c t/unit/smtpd_fake.c t/unit/smtpd_fake.h
t_fuzz_fuzz_smtpsession_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/smtpd
t_fuzz_fuzz_smtpsession_LDFLAGS = -fsanitize=fuzzer,address,undefined
t_fuzz_fuzz_smtpsession_LDADD = libmrsmtpd.a $(COMMON_LIBS)
endif
