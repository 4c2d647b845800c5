# The operator's tools.
sbin_PROGRAMS += tools/postconf
tools_postconf_SOURCES = tools/postconf.c
tools_postconf_LDADD = $(COMMON_LIBS)
dist_man_MANS += tools/postconf.1
