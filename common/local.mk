# The library of every program (never knows what a particular daemon does).
noinst_LIBRARIES += libcommon.a
libcommon_a_SOURCES = \
  common/address.c common/address.h common/address_header.c common/address_impl.h common/address_path.c common/arena.c common/arena.h common/base64.c common/buf.c common/buf.h common/chan.c common/chan.h \
  common/compiler.h common/conf.c common/conf.h common/conf_check.c common/conf_default.c common/conf_expand.c common/conf_file.c common/conf_impl.h common/conf_list.c common/conf_pack.c common/conf_warn.c common/date.c common/dsn.c common/dsn.h common/fdutil.c common/frame.c common/frame.h \
  common/log.c common/log.h common/maildir.h common/maildir_make.c common/maildir_name.c common/maildir_quota.c common/maildir_scan.c common/mastercf.c common/mastercf.h common/mastercf_pack.c common/mem.c common/mem.h \
  common/netaddr.c common/netaddr.h common/netlist.c common/netlisten.c common/netsock.c common/pack.c common/pack.h common/params.c common/params.h common/params_postfix.c common/peer.c common/peer.h common/proto.h \
  common/qid.c common/qid.h common/sandbox.c common/sandbox.h common/service.c common/service.h common/service_dirs.c common/service_drop.c common/service_log.c common/service_parent.c \
  common/service_parent_child.c common/service_parent_listen.c common/service_parent_private.h common/service_private.h common/service_worker.c common/strutil.c common/strutil.h
COMMON_LIBS = libcommon.a $(EV_LIBS) $(SECCOMP_LIBS) -lm

if CMOCKA
UNIT_TESTS += t/unit/test_maildir
t_unit_test_maildir_SOURCES = t/unit/test_maildir.c
t_unit_test_maildir_LDADD = $(COMMON_LIBS) $(CMOCKA_LIBS)
endif
if FUZZ
FUZZERS += t/fuzz/fuzz_maildir
t_fuzz_fuzz_maildir_SOURCES = t/fuzz/fuzz_maildir.c
t_fuzz_fuzz_maildir_LDFLAGS = -fsanitize=fuzzer,address,undefined
t_fuzz_fuzz_maildir_LDADD = $(COMMON_LIBS)
endif

if CMOCKA
UNIT_TESTS += t/unit/test_frame
t_unit_test_frame_SOURCES = t/unit/test_frame.c
t_unit_test_frame_LDADD = $(COMMON_LIBS) $(CMOCKA_LIBS)
endif
if FUZZ
FUZZERS += t/fuzz/fuzz_frame
t_fuzz_fuzz_frame_SOURCES = t/fuzz/fuzz_frame.c
t_fuzz_fuzz_frame_LDFLAGS = -fsanitize=fuzzer,address,undefined
t_fuzz_fuzz_frame_LDADD = $(COMMON_LIBS)
endif

if CMOCKA
UNIT_TESTS += t/unit/test_address t/unit/test_netaddr t/unit/test_strutil
t_unit_test_address_SOURCES = t/unit/test_address.c
t_unit_test_address_LDADD = $(COMMON_LIBS) $(CMOCKA_LIBS)
t_unit_test_netaddr_SOURCES = t/unit/test_netaddr.c
t_unit_test_netaddr_LDADD = $(COMMON_LIBS) $(CMOCKA_LIBS)
t_unit_test_strutil_SOURCES = t/unit/test_strutil.c
t_unit_test_strutil_LDADD = $(COMMON_LIBS) $(CMOCKA_LIBS)
endif
if FUZZ
FUZZERS += t/fuzz/fuzz_address t/fuzz/fuzz_base64 t/fuzz/fuzz_netlist
t_fuzz_fuzz_address_SOURCES = t/fuzz/fuzz_address.c
t_fuzz_fuzz_address_LDFLAGS = -fsanitize=fuzzer,address,undefined
t_fuzz_fuzz_address_LDADD = $(COMMON_LIBS)
t_fuzz_fuzz_base64_SOURCES = t/fuzz/fuzz_base64.c
t_fuzz_fuzz_base64_LDFLAGS = -fsanitize=fuzzer,address,undefined
t_fuzz_fuzz_base64_LDADD = $(COMMON_LIBS)
t_fuzz_fuzz_netlist_SOURCES = t/fuzz/fuzz_netlist.c
t_fuzz_fuzz_netlist_LDFLAGS = -fsanitize=fuzzer,address,undefined
t_fuzz_fuzz_netlist_LDADD = $(COMMON_LIBS)
endif

if CMOCKA
UNIT_TESTS += t/unit/test_conf t/unit/test_mastercf
t_unit_test_conf_SOURCES = t/unit/test_conf.c
t_unit_test_conf_LDADD = $(COMMON_LIBS) $(CMOCKA_LIBS)
t_unit_test_mastercf_SOURCES = t/unit/test_mastercf.c
t_unit_test_mastercf_LDADD = $(COMMON_LIBS) $(CMOCKA_LIBS)
endif
if FUZZ
FUZZERS += t/fuzz/fuzz_conf t/fuzz/fuzz_mastercf
t_fuzz_fuzz_conf_SOURCES = t/fuzz/fuzz_conf.c
t_fuzz_fuzz_conf_LDFLAGS = -fsanitize=fuzzer,address,undefined
t_fuzz_fuzz_conf_LDADD = $(COMMON_LIBS)
t_fuzz_fuzz_mastercf_SOURCES = t/fuzz/fuzz_mastercf.c
t_fuzz_fuzz_mastercf_LDFLAGS = -fsanitize=fuzzer,address,undefined
t_fuzz_fuzz_mastercf_LDADD = $(COMMON_LIBS)
endif
