# SPDX-License-Identifier: ISC
# A private Postfix instance with the guide's settings; the stacks differ in how mail is delivered.
package Bench::Postfix;

use strict;
use warnings;

use Bench::Host qw(DOMAIN OWNER);
use Bench::Util qw(must slurp spit make_dir wait_for port_open);
use Exporter 'import';

our @EXPORT_OK = qw(postfix_start);

my %MAP = (
    alias => [qw(alias goto address)],
    domains => [qw(domain domain domain)],
    mailbox => [qw(mailbox maildir username)],
    sender => [qw(mailbox username username)],
);

my $MAIN = <<'TEXT';
compatibility_level = 2
smtputf8_enable = no
queue_directory = @DIR@/spool
data_directory = @DIR@/data
myhostname = mail.@DOMAIN@
mydestination = $myhostname
mynetworks = 127.0.0.1
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtpd_banner = $myhostname ESMTP $mail_name
smtpd_error_sleep_time = 0s
message_size_limit = 5242880
mailbox_size_limit = 5242880
show_user_unknown_table_name = no
bounce_queue_lifetime = 1d
maximal_queue_lifetime = 1d
alias_maps =
local_recipient_maps =
virtual_alias_maps = mysql:@DIR@/etc/mysql_alias.cf
virtual_mailbox_domains = mysql:@DIR@/etc/mysql_domains.cf
virtual_mailbox_maps = mysql:@DIR@/etc/mysql_mailbox.cf
maildrop_destination_recipient_limit = 1
smtpd_relay_restrictions = permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination
smtpd_recipient_restrictions = permit_mynetworks, permit_sasl_authenticated, reject_non_fqdn_hostname, reject_non_fqdn_sender,
  reject_non_fqdn_recipient, reject_unauth_destination, reject_unauth_pipelining, reject_invalid_hostname
smtpd_sender_restrictions = permit_mynetworks, reject_sender_login_mismatch, reject_authenticated_sender_login_mismatch,
  reject_unauthenticated_sender_login_mismatch
smtpd_sender_login_maps = mysql:@DIR@/etc/mysql_sender.cf, mysql:@DIR@/etc/mysql_alias.cf
TEXT

# smtp: 600 processes, so that 500 idle sessions fit; nothing is chrooted (the guide's master.cf).
my $MASTER = <<'TEXT';
127.0.0.1:@PORT@ inet n  -       n       -       600     smtpd
pickup    unix  n       -       n       60      1       pickup
cleanup   unix  n       -       n       -       0       cleanup
qmgr      unix  n       -       n       300     1       qmgr
tlsmgr    unix  -       -       n       1000?   1       tlsmgr
rewrite   unix  -       -       n       -       -       trivial-rewrite
bounce    unix  -       -       n       -       0       bounce
defer     unix  -       -       n       -       0       bounce
trace     unix  -       -       n       -       0       bounce
verify    unix  -       -       n       -       1       verify
flush     unix  n       -       n       1000?   0       flush
proxymap  unix  -       -       n       -       -       proxymap
proxywrite unix -       -       n       -       1       proxymap
smtp      unix  -       -       n       -       -       smtp
relay     unix  -       -       n       -       -       smtp
showq     unix  n       -       n       -       -       showq
error     unix  -       -       n       -       -       error
retry     unix  -       -       n       -       -       error
discard   unix  -       -       n       -       -       discard
local     unix  -       n       n       -       -       local
virtual   unix  -       n       n       -       -       virtual
lmtp      unix  -       -       n       -       -       lmtp
anvil     unix  -       -       n       -       1       anvil
scache    unix  -       -       n       -       1       scache
maildrop  unix  -       n       n       -       -       pipe
  flags=DRhu user=@OWNER@ argv=/usr/bin/maildrop -w 90 -d ${user}@${nexthop} ${recipient} ${user} ${extension} ${nexthop}
TEXT

sub write_maps {
    my ($h, $etc) = @_;
    for my $name (keys %MAP) {
        my ($table, $select, $where) = @{ $MAP{$name} };
        spit("$etc/mysql_$name.cf", <<"TEXT");
hosts = unix:$h->{sql_socket}
user = extmail
password = extmail
dbname = extmail
table = $table
select_field = $select
where_field = $where
additional_conditions = AND active = '1'
TEXT
    }
}

# Starts the instance $name on $port; $delivery are its own lines of main.cf. Returns master's process id.
sub postfix_start {
    my ($h, $name, $port, $delivery) = @_;
    my $dir = make_dir("$h->{work}/postfix-$name");
    make_dir("$dir/etc");
    make_dir("$dir/spool");
    make_dir("$dir/data", 'postfix', 0700);
    write_maps($h, "$dir/etc");
    my %value = (DIR => $dir, DOMAIN => DOMAIN, OWNER => OWNER, PORT => $port);
    for ([ 'main.cf', $MAIN . $delivery ], [ 'master.cf', $MASTER ]) {
        (my $text = $_->[1]) =~ s/\@([A-Z]+)\@/$value{$1}/g;
        spit("$dir/etc/$_->[0]", $text);
    }
    # Its start-up checks print nothing of interest, and keep the pipe open: output to a file.
    must('sh', '-c', "exec postfix -c $dir/etc start >>$h->{log}/postfix-$name 2>&1 </dev/null");
    wait_for(sub { port_open('127.0.0.1', $port) }, 15) or die "Postfix ($name) does not listen; see $h->{log}/syslog\n";
    my ($pid) = slurp("$dir/spool/pid/master.pid") =~ /(\d+)/ or die "Postfix ($name): no master.pid\n";
    return $pid;
}

1;
