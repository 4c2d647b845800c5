# queue: the queue manager, and the commands that look at its spool.
noinst_LIBRARIES += libmrqueue.a
libmrqueue_a_SOURCES = \
  queue/crc32.c queue/crc32.h queue/delays.c queue/delays.h queue/dsnreport.c queue/dsnreport.h \
  queue/envelope.c queue/envelope.h queue/fdcopy.c queue/fdcopy.h queue/idclock.c queue/idclock.h \
  queue/schedule.c queue/schedule.h queue/spooldir.c queue/spooldir.h queue/spooldir_file.c \
  queue/spoolfile.c queue/spoolfile.h queue/staging.c queue/staging.h

sbin_PROGRAMS += queue/queue
queue_queue_SOURCES = \
  queue/bounce.c queue/client.c queue/client.h queue/commit.c queue/deliver.c queue/message.c queue/message.h \
  queue/queue.c queue/queue.h queue/result.c queue/result.h queue/retry.c
queue_queue_LDADD = libmrqueue.a $(COMMON_LIBS)

bin_PROGRAMS += queue/mailq
queue_mailq_SOURCES = queue/mailq.c
queue_mailq_LDADD = libmrqueue.a $(COMMON_LIBS)
dist_man_MANS += queue/queue.8 queue/mailq.1

if CMOCKA
UNIT_TESTS += t/unit/test_queue t/unit/test_spoolfile t/unit/test_dsnreport
t_unit_test_queue_SOURCES = t/unit/test_queue.c
t_unit_test_queue_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/queue
t_unit_test_queue_LDADD = libmrqueue.a $(COMMON_LIBS) $(CMOCKA_LIBS)
t_unit_test_spoolfile_SOURCES = t/unit/test_spoolfile.c
t_unit_test_spoolfile_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/queue
t_unit_test_spoolfile_LDADD = libmrqueue.a $(COMMON_LIBS) $(CMOCKA_LIBS)
t_unit_test_dsnreport_SOURCES = t/unit/test_dsnreport.c
t_unit_test_dsnreport_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/queue
t_unit_test_dsnreport_LDADD = libmrqueue.a $(COMMON_LIBS) $(CMOCKA_LIBS)
endif
if FUZZ
FUZZERS += t/fuzz/fuzz_spoolfile
t_fuzz_fuzz_spoolfile_SOURCES = t/fuzz/fuzz_spoolfile.c
t_fuzz_fuzz_spoolfile_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/queue
t_fuzz_fuzz_spoolfile_LDFLAGS = -fsanitize=fuzzer,address,undefined
t_fuzz_fuzz_spoolfile_LDADD = libmrqueue.a $(COMMON_LIBS)
endif

# postqueue is mailq under its other name.
install-exec-hook:
	ln -sf mailq "$(DESTDIR)$(bindir)/postqueue"
