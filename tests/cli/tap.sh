# SPDX-License-Identifier: Apache-2.0
# tap.sh: sourced by the tests of the command line, which are called with a build directory. Prints TAP,
# and holds what they share: a folder of their own, a run with its output kept, the child of a process.

build=$1
soak=${2:-}
redoubt=$build/redoubt
hostile=$build/tests/make-hostile
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
number=0
failed=0
status=0
unset NO_COLOR

# tap WHAT WHY: one line of the result, "ok" where there is no why
tap() {
	number=$((number + 1))
	if [ -z "$2" ]; then
		echo "ok $number - $1"
	else
		echo "not ok $number - $1: $2"
		failed=$((failed + 1))
	fi
}

skip() {
	number=$((number + 1))
	echo "ok $number - $1 # SKIP $2"
}

finish() {
	echo "1..$number"
	[ "$failed" = 0 ]
}

# run COMMAND…: its output, errors and status are in $work/out, $work/err and $status
run() {
	"$@" >"$work/out" 2>"$work/err" </dev/null
	status=$?
}

# is WHAT GOT WANTED
is() {
	if [ "$2" = "$3" ]; then tap "$1" ''; else tap "$1" "'$2' is not '$3'"; fi
}

# says WHAT FILE TEXT: the file contains the text
says() {
	if grep -qF -- "$3" "$2"; then tap "$1" ''; else tap "$1" "no '$3' in: $(head -c 300 "$2" | tr '\n' ' ')"; fi
}

# exits WHAT STATUS COMMAND…
exits() {
	what=$1 wanted=$2
	shift 2
	run "$@"
	if [ "$status" = "$wanted" ]; then
		tap "$what" ''
	else
		tap "$what" "status $status, not $wanted: $(head -c 300 "$work/err" | tr '\n' ' ')"
	fi
}

lines() {
	wc -l <"$1" | tr -d ' '
}

# until_true TENTHS COMMAND…: tries it every tenth of a second
until_true() {
	left=$1
	shift
	until "$@"; do
		[ "$left" -gt 0 ] || return 1
		left=$((left - 1))
		sleep 0.1
	done
}

# child_of PID: the first process that it started and that runs
child_of() {
	awk -v parent="$1" 'FNR == 1 { pid = FILENAME; gsub(/[^0-9]/, "", pid) }
		$1 == "State:" { state = $2 }
		$1 == "PPid:" && $2 == parent && state != "Z" { print pid; exit }' /proc/[0-9]*/status 2>/dev/null
}

gone() {
	[ ! -e "/proc/$1" ] || grep -q '^State:.*Z' "/proc/$1/status" 2>/dev/null
}

# as_nobody COMMAND…: without rights; nobody_runs: whether only root can ask for that, and the programs
# stand where such a user may execute them
as_nobody() {
	setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
}
nobody_runs() {
	[ "$(id -u)" = 0 ] && as_nobody test -x "$(realpath "$redoubt")-dissect" 2>/dev/null
}
