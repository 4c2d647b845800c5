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
