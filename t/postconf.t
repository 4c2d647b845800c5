#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# postconf: what it prints for given files.
use strict;
use warnings;

use File::Temp ();
use FindBin;
use Test::More;

use lib "$FindBin::Bin/lib";
use MrTest qw(build_dir run_command);

my $dir = File::Temp->newdir;

sub file {
    my ($name, $text) = @_;
    open my $f, '>', "$dir/$name" or die "$dir/$name: $!";
    print $f $text;
    close $f or die "$dir/$name: $!";
}

# (exit status, output and error messages together)
sub postconf { return run_command([build_dir() . '/tools/postconf', @_]) }

# Prints exactly that: no warning either.
sub prints {
    my ($args, $expected, $name) = @_;
    my ($status, $output) = postconf('-c', "$dir", @$args);
    is $output, $expected, $name;
    is $status, 0, "$name: exit status";
}

file('main.cf', <<'END');
# the guide's, in short
mynetworks = 127.0.0.1, 10.103.12.0/22
myhostname = mail.pris.cn
mydestination = $mynetworks,
	   $myhostname
   # a comment inside
mail_name = Postfix - by someone@example.com
smtpd_banner = $myhostname, ESMTP, $mail_name

message_size_limit = 5242880
relay_domains =
maildrop_destination_recipient_limit = 1
smtpd_client_restrictions = ${mua?{$mua}:{permit}}
mua = permit_mynetworks
END
file('master.cf', <<'END');
# service type private unpriv chroot wakeup maxproc command
smtp      inet  n       -       n       -       -       smtpd
submission inet n - n - 30 smtpd
  -o smtpd_banner=x
  -o { smtpd_helo_restrictions = permit_mynetworks, reject }
maildrop unix - n n - - pipe
  flags=DRhu user=vuser argv=maildrop -w 90 -d ${user}@${nexthop} ${recipient} ${user} ${extension} {nexthop}
END

prints(['-n'], <<"END", '-n: what is set, in name order');
config_directory = $dir
mail_name = Postfix - by someone\@example.com
maildrop_destination_recipient_limit = 1
message_size_limit = 5242880
mua = permit_mynetworks
mydestination = \$mynetworks, \$myhostname
myhostname = mail.pris.cn
mynetworks = 127.0.0.1, 10.103.12.0/22
relay_domains =
smtpd_banner = \$myhostname, ESMTP, \$mail_name
smtpd_client_restrictions = \${mua?{\$mua}:{permit}}
END

prints(['-x', 'smtpd_banner', 'mydestination', 'smtpd_client_restrictions', 'mydomain'], <<'END', '-x: expanded');
smtpd_banner = mail.pris.cn, ESMTP, Postfix - by someone@example.com
mydestination = 127.0.0.1, 10.103.12.0/22, mail.pris.cn
smtpd_client_restrictions = permit_mynetworks
mydomain = pris.cn
END
prints(['-h', 'myhostname', 'relay_domains'], "mail.pris.cn\n\n", '-h: values alone');
prints(['-d', 'message_size_limit', 'relay_domains', 'smtpd_timeout', 'mail_name'], <<'END', '-d: defaults');
message_size_limit = 10240000
relay_domains =
smtpd_timeout = ${stress?{10}:{300}}s
mail_name = Postfix
END
prints(['-n', 'hopcount_limit', 'message_size_limit'], "message_size_limit = 5242880\n", '-n with names');
prints(['other_destination_recipient_limit'],
    "other_destination_recipient_limit = \$default_destination_recipient_limit\n", 'a transport without a setting');
prints(['-M'], <<'END', '-M: services');
smtp       inet  n       -       n       -       -       smtpd
submission inet  n       -       n       -       30      smtpd -o smtpd_banner=x -o {smtpd_helo_restrictions=permit_mynetworks, reject}
maildrop   unix  -       n       n       -       -       pipe flags=DRhu user=vuser argv=maildrop -w 90 -d ${user}@${nexthop} ${recipient} ${user} ${extension} nexthop
END
prints(['-M', 'smtp/inet'], "smtp       inet  n       -       n       -       -       smtpd\n", '-M: one of them');
prints(['-M', 'smtp/unix'], '', '-M: none of them');

my ($status, $output) = postconf('-c', "$dir");
my @names = map { (split / =/)[0] } split /\n/, $output;
is_deeply \@names, [sort @names], 'all of them in name order';
cmp_ok scalar @names, '>', 100, 'there are many';
like $output, qr/^message_size_limit = 5242880$/m, 'with the values in force';
like $output, qr/^hopcount_limit = 50$/m, 'and defaults';

prints(['nosuch'], "postconf: warning: nosuch: unknown parameter\n", 'unknown name');

file('main.cf', "biff = no\nwrong_name = x\nrelay_domains = a\nrelay_domains = b\n");
($status, $output) = postconf('-c', "$dir", '-h', 'relay_domains');
is $status, 0, 'warnings are no failure';
like $output, qr/^b$/m, 'the last setting is in force';
like $output, qr/main\.cf:1: parameter biff is not supported by this version; it is ignored\n/, 'unsupported parameter';
like $output, qr/main\.cf:2: unused parameter: wrong_name=x; /, 'unused parameter';
like $output, qr/main\.cf:4: relay_domains is set again; the value in line 3 is not used\n/, 'overridden setting';

my @bad = (
    ["relay_domains = a\n\nrelay_domains b\n", qr/main\.cf:3: no '='/, 'no equals sign'],
    ["relay_domains = \$relay_domains\n", qr/main\.cf:1: .* refers to itself/, 'a value that refers to itself'],
    ["a = \${b\nrelay_domains = \$a\n", qr/main\.cf:1: .* no closing bracket/, 'an error in a value that another uses'],
);
for (@bad) {
    my ($text, $error, $name) = @$_;
    file('main.cf', $text);
    ($status, $output) = postconf('-c', "$dir", '-x', 'relay_domains');
    is $status, 1, "$name: exit status";
    like $output, $error, "$name: file and line";
}
# The guide's main.cf sets these; here other settings do their work, or only that value is ours: no warning.
my $moot = join '', "mailbox_size_limit = 5242880\n", "maildrop_destination_recipient_limit = 1\n",
    "smtpd_sasl_local_domain = \$myhostname\n", "smtpd_sasl_security_options = noanonymous\n";
file('main.cf', $moot);
($status, $output) = postconf('-c', "$dir", '-n');
is $output, "config_directory = $dir\n$moot", 'settings without effect';
for (qw(relayhost transport_maps inet_protocols smtpd_sasl_type alias_maps)) {
    file('main.cf', "$_ = all\n");
    ($status, $output) = postconf('-c', "$dir", '-n');
    like $output, qr/main\.cf:1: parameter $_ is not supported by this version; it is ignored\n/, "$_: told of";
}

file('master.cf', "smtp inet n - n - - smtpd\nsmtp tcp n - n - - smtpd\n");
($status, $output) = postconf('-c', "$dir", '-M');
is $status, 1, 'bad master.cf: exit status';
like $output, qr/master\.cf:2: the type is "tcp"/, 'bad master.cf: file and line';
unlink "$dir/main.cf";
($status, $output) = postconf('-c', "$dir");
is $status, 1, 'no main.cf: exit status';
like $output, qr/main\.cf: cannot be read: /, 'no main.cf: says so';
($status, $output) = postconf('-Z');
is $status, 1, 'unknown option';
like $output, qr/^usage: postconf /m, 'unknown option: the usage';

done_testing;
