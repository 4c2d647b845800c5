# pop3d: the POP3 server
sbin_PROGRAMS += pop3d/pop3d
noinst_LIBRARIES += libmrpop3d.a
libmrpop3d_a_SOURCES = \
  pop3d/capa.c pop3d/capa.h pop3d/command.c pop3d/command.h pop3d/encode.c pop3d/encode.h \
  pop3d/mailbox.c pop3d/mailbox.h pop3d/mailbox_index.c pop3d/mailbox_index.h pop3d/sizelist.c pop3d/sizelist.h \
  pop3d/slot.c pop3d/slot.h
pop3d_pop3d_SOURCES = \
  pop3d/pop3d.c pop3d/pop3d.h pop3d/network.c pop3d/login.c pop3d/login.h pop3d/login_cmd.c pop3d/sessions.c \
  pop3d/session.c pop3d/session.h pop3d/session_cmd.c pop3d/session_enter.c
pop3d_pop3d_LDADD = libmrpop3d.a $(COMMON_LIBS)
dist_man_MANS += pop3d/pop3d.8

if CMOCKA
UNIT_TESTS += t/unit/test_pop3command t/unit/test_pop3encode t/unit/test_pop3sizelist
t_unit_test_pop3command_SOURCES = t/unit/test_pop3command.c
t_unit_test_pop3command_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/pop3d
t_unit_test_pop3command_LDADD = libmrpop3d.a $(COMMON_LIBS) $(CMOCKA_LIBS)
t_unit_test_pop3encode_SOURCES = t/unit/test_pop3encode.c
t_unit_test_pop3encode_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/pop3d
t_unit_test_pop3encode_LDADD = libmrpop3d.a $(COMMON_LIBS) $(CMOCKA_LIBS)
t_unit_test_pop3sizelist_SOURCES = t/unit/test_pop3sizelist.c
t_unit_test_pop3sizelist_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/pop3d
t_unit_test_pop3sizelist_LDADD = libmrpop3d.a $(COMMON_LIBS) $(CMOCKA_LIBS)
endif
if FUZZ
FUZZERS += t/fuzz/fuzz_pop3command t/fuzz/fuzz_pop3encode t/fuzz/fuzz_pop3sizelist
t_fuzz_fuzz_pop3command_SOURCES = t/fuzz/fuzz_pop3command.c
t_fuzz_fuzz_pop3command_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/pop3d
t_fuzz_fuzz_pop3command_LDFLAGS = -fsanitize=fuzzer,address,undefined
t_fuzz_fuzz_pop3command_LDADD = libmrpop3d.a $(COMMON_LIBS)
t_fuzz_fuzz_pop3encode_SOURCES = t/fuzz/fuzz_pop3encode.c
t_fuzz_fuzz_pop3encode_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/pop3d
t_fuzz_fuzz_pop3encode_LDFLAGS = -fsanitize=fuzzer,address,undefined
t_fuzz_fuzz_pop3encode_LDADD = libmrpop3d.a $(COMMON_LIBS)
t_fuzz_fuzz_pop3sizelist_SOURCES = t/fuzz/fuzz_pop3sizelist.c
t_fuzz_fuzz_pop3sizelist_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/pop3d
t_fuzz_fuzz_pop3sizelist_LDFLAGS = -fsanitize=fuzzer,address,undefined
t_fuzz_fuzz_pop3sizelist_LDADD = libmrpop3d.a $(COMMON_LIBS)
endif
