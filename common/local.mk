# The library of every program (never knows what a particular daemon does).
noinst_LIBRARIES += libcommon.a
libcommon_a_SOURCES = \
  common/address.c common/address.h common/arena.c common/arena.h common/buf.c common/buf.h common/chan.c common/chan.h \
  common/compiler.h common/conf.c common/conf.h common/dsn.c common/dsn.h common/frame.c common/frame.h \
  common/log.c common/log.h common/maildir.c common/maildir.h common/mastercf.c common/mastercf.h common/mem.c common/mem.h \
  common/netaddr.c common/netaddr.h common/params.c common/params.h common/peer.c common/peer.h common/proto.h \
  common/qid.c common/qid.h common/service.h common/strutil.c common/strutil.h
COMMON_LIBS = libcommon.a $(EV_LIBS) -lm
