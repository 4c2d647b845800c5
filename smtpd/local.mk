# smtpd
sbin_PROGRAMS += smtpd/smtpd
noinst_LIBRARIES += libmrsmtpd.a
libmrsmtpd_a_SOURCES = \
  smtpd/auth.c smtpd/client_count.c smtpd/client_count.h smtpd/command.c smtpd/command.h smtpd/command_params.c \
  smtpd/commands.c smtpd/data.c smtpd/data_decoder.c smtpd/data_decoder.h smtpd/ehlo.c smtpd/envelope.c \
  smtpd/headers.c smtpd/headers.h smtpd/restrict.c smtpd/restrict.h smtpd/session.c smtpd/session.h \
  smtpd/settings.c smtpd/settings.h smtpd/tx.c smtpd/tx.h
smtpd_smtpd_SOURCES = smtpd/smtpd.c
smtpd_smtpd_LDADD = libmrsmtpd.a $(COMMON_LIBS)

if CMOCKA
UNIT_TESTS += t/unit/test_smtpsession
t_unit_test_smtpsession_SOURCES = t/unit/test_smtpsession.c t/unit/smtpd_fake.c t/unit/smtpd_fake.h
t_unit_test_smtpsession_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/smtpd
t_unit_test_smtpsession_LDADD = libmrsmtpd.a $(COMMON_LIBS) $(CMOCKA_LIBS)
endif
