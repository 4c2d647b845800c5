# localdeliver: the router and the delivery processes. The modules are a library, so that tests and fuzzers link them.
noinst_LIBRARIES += libmrlocaldeliver.a
libmrlocaldeliver_a_SOURCES = \
  localdeliver/batch.c localdeliver/batch.h localdeliver/batch_take.c localdeliver/mailbox.c localdeliver/mailbox.h \
  localdeliver/mda.c localdeliver/mda.h localdeliver/message.c localdeliver/message.h localdeliver/path.c \
  localdeliver/path.h localdeliver/quotawarn.c localdeliver/quotawarn.h localdeliver/result.c localdeliver/result.h \
  localdeliver/router.c localdeliver/router.h localdeliver/router_job.c localdeliver/router_lookup.c \
  localdeliver/router_pool.c localdeliver/take.c localdeliver/take.h

sbin_PROGRAMS += localdeliver/localdeliver
localdeliver_localdeliver_SOURCES = localdeliver/localdeliver.c
localdeliver_localdeliver_LDADD = libmrlocaldeliver.a $(COMMON_LIBS)
dist_man_MANS += localdeliver/localdeliver.8

if CMOCKA
UNIT_TESTS += t/unit/test_localdeliver
t_unit_test_localdeliver_SOURCES = t/unit/test_localdeliver.c
t_unit_test_localdeliver_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/localdeliver
t_unit_test_localdeliver_LDADD = libmrlocaldeliver.a $(COMMON_LIBS) $(CMOCKA_LIBS)
endif
if FUZZ
FUZZERS += t/fuzz/fuzz_localdeliver
t_fuzz_fuzz_localdeliver_SOURCES = t/fuzz/fuzz_localdeliver.c
t_fuzz_fuzz_localdeliver_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/localdeliver
t_fuzz_fuzz_localdeliver_LDFLAGS = -fsanitize=fuzzer,address,undefined
t_fuzz_fuzz_localdeliver_LDADD = libmrlocaldeliver.a $(COMMON_LIBS)
endif
