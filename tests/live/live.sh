#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# live.sh: sourced by the tests of real pairs. Two network namespaces of our own with a cable between
# them, tcpdump on the client's end, whose packets go straight into redoubt; what was started is ended
# by its pid. A session whose packets tcpdump did not all get is played once more. Needs root; what a
# machine lacks makes the test a skipped one.

. "$(dirname "$0")/../cli/tap.sh"

here=$(cd "$(dirname "$0")" && pwd)
server_ns=rdls$$
client_ns=rdlc$$
server_ip=10.99.8.1
client_ip=10.99.8.2
python=/usr/bin/python3
pids=
tcpdump_pid=
redoubt_pid=

live_cleanup() {
	for pid in $tcpdump_pid $redoubt_pid $pids; do
		kill "$pid" 2>/dev/null
	done
	for pid in $pids; do
		wait "$pid" 2>/dev/null
	done
	ip netns del "$server_ns" 2>/dev/null
	ip netns del "$client_ns" 2>/dev/null
	rm -rf "$work"
}
trap live_cleanup EXIT
trap 'exit 1' INT TERM

# live_begin WHAT TOOL…: makes the two ends, or ends the test as a skipped one
live_begin() {
	what=$1
	shift
	for tool in tcpdump ip "$python" "$@"; do
		command -v "$tool" >/dev/null 2>&1 || live_skip "there is no $tool"
	done
	[ "$(id -u)" = 0 ] || live_skip 'only root can capture'
	{
		ip netns add "$server_ns" && ip netns add "$client_ns" &&
			ip link add rdl0 netns "$server_ns" type veth peer name rdl1 netns "$client_ns" &&
			ip -n "$server_ns" addr add "$server_ip/24" dev rdl0 &&
			ip -n "$client_ns" addr add "$client_ip/24" dev rdl1 &&
			for at in "$server_ns rdl0" "$client_ns rdl1" "$server_ns lo" "$client_ns lo"; do
				ip -n "${at% *}" link set "${at#* }" up || exit 1
			done
	} >"$work/netns.log" 2>&1 || live_skip "no network namespaces: $(head -n 1 "$work/netns.log")"
	chmod 755 "$work"
}

live_skip() {
	skip "$what" "$1"
	finish
	exit
}

on_server() { ip netns exec "$server_ns" "$@"; }
on_client() { ip netns exec "$client_ns" "$@"; }

# serve COMMAND…: a server in the foreground of its own, ended with the test. What goes on behind a
# test is started by ip itself, so that its pid is the one that ends it.
serve() {
	ip netns exec "$server_ns" "$@" >>"$work/server.log" 2>&1 </dev/null &
	pids="$pids $!"
}

# listens PORT: somebody does, on the server's side
listens() {
	on_server ss -Hltn 2>/dev/null | grep -q ":$1 "
}

# ---- Capture ---------------------------------------------------------------------------------------

capture_begin() {
	rm -f "$work/fifo" "$work/pipe" "$work/rows"
	: >"$work/tcpdump.log"
	mkfifo "$work/fifo" "$work/pipe"
	env --default-signal=INT "$redoubt" traffic -o ndjson -r "$work/fifo" >"$work/rows" 2>"$work/redoubt.err" </dev/null &
	redoubt_pid=$!
	tee "$work/capture.pcap" <"$work/pipe" >"$work/fifo" &
	pids="$pids $!"
	# Limit: 64 MiB wait in the kernel until tcpdump comes to run.
	ip netns exec "$client_ns" tcpdump -Z root -i rdl1 -B 65536 -U -w - >"$work/pipe" 2>"$work/tcpdump.log" </dev/null &
	tcpdump_pid=$!
	until_true 100 grep -q 'listening on' "$work/tcpdump.log"
}

# A last packet says when tcpdump has written what came before it.
marked() {
	grep -qaF 'the session ends here' "$work/capture.pcap"
}

capture_end() {
	on_client "$python" -c "import socket
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'the session ends here', ('$server_ip', 9))"
	until_true 100 marked
	kill -INT "$tcpdump_pid"
	wait "$tcpdump_pid"
	tcpdump_pid=
	wait "$redoubt_pid"
	redoubt_status=$?
	redoubt_pid=
}

dropped() {
	awk '/dropped by (kernel|interface)/ { n += $1 } END { print n + 0 }' "$work/tcpdump.log"
}

# captured NAME COMMAND…: plays a session between the two ends; its rows are in $work/rows
captured() {
	name=$1
	shift
	for try in 1 2; do
		if ! capture_begin; then
			tap "$name is captured" "$(head -c 300 "$work/tcpdump.log")"
			return 1
		fi
		"$@" >"$work/session.log" 2>&1 </dev/null
		session=$?
		capture_end
		[ "$(dropped)" != 0 ] || break
	done
	is "$name is captured whole" "$session $(dropped) $redoubt_status" '0 0 0'
	[ "$session" = 0 ] || tail -n 5 "$work/session.log" | sed 's/^/# /'
}

# ---- Answers ---------------------------------------------------------------------------------------

# rows KIND FIELD…: the fields of the rows of a kind, one row a line, sorted
rows() { "$python" "$here/rows" "$work/rows" "$@" | LC_ALL=C sort; }

# count KIND [FIELD=VALUE…]; sum KIND FIELD [FIELD=VALUE…]
count() { "$python" "$here/rows" --count "$work/rows" "$@"; }
sum() { "$python" "$here/rows" --sum "$work/rows" "$@"; }

# same WHAT FILE: what was sorted into the file and standard input are equal
same() {
	cat >"$work/got"
	if cmp -s "$2" "$work/got"; then
		tap "$1" ''
	else
		tap "$1" "$(diff "$2" "$work/got" | head -n 6 | tr '\n' ' ')"
	fi
}

# hides WHAT SECRET…: none of them is in the rows, nor in any form of them
hides() {
	what=$1
	shift
	for secret in "$@"; do
		n=$(grep -acF -- "$secret" "$work/rows")
		[ "$n" = 0 ] || {
			tap "$what" "'$secret' is in $n rows"
			return
		}
	done
	tap "$what" ''
}
