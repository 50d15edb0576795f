#!/bin/sh
# Brings deployments to what files say: validate, plan, apply, check, and back
# to what ran before if the new version does not work.
#
#   pipeline.sh FILE|DIR
#
# WEIR_SERVER, WEIR_TOKEN, WEIR_NAMESPACE   where, and as whom
# TIMEOUT=5m              how long the new version may take to run
# CHECK='command'         tells with its exit code whether what runs is good; $DEPLOYMENT is its name
# ACCEPT_STATE_LOSS=yes   go on although the plan says that state is lost; going back then brings the old state back too
#
# Exit codes: 0 done; 1 refused, or failed and gone back; 5 state would be lost.
set -eu

files=${1:?usage: pipeline.sh FILE|DIR}
timeout=${TIMEOUT:-5m}
accept=
[ "${ACCEPT_STATE_LOSS:-no}" != yes ] || accept=--accept-state-loss

say() { printf '\n== %s\n' "$*"; }

say "validate"
names=$(weir apply -f "$files" --dry-run $accept -o name) || {
	code=$?
	# Refused for its state (5): the plan tells which. Else the file is wrong.
	[ $code = 5 ] && names= || exit 1
}
deployments=$(printf '%s\n' "$names" | sed -n 's|^deployment/||p')
[ -n "$names" ] && printf '%s\n' "$names"

say "plan"
weir plan -f "$files" || {
	code=$?
	[ $code = 5 ] && [ -n "$accept" ] || exit $code
}

# What runs now, to come back to: NAME GENERATION, or NAME 0 if there is nothing.
before=$(for d in $deployments; do
	printf '%s %s\n' "$d" "$(weir get deployment "$d" -o 'jsonpath={.metadata.generation}' 2>/dev/null || echo 0)"
done)

back() {
	say "failed: going back"
	printf '%s\n' "$before" | while read -r name generation; do
		if [ "$generation" = 0 ]; then
			weir cancel "$name" --wait --timeout "$timeout" # it is new: keep it, stopped, to be looked at
		else
			weir rollback "$name" --to "$generation" ${accept:+--with-state} --wait --timeout "$timeout"
		fi
		weir events "$name" --newest 10
	done
	exit 1
}

say "apply"
# shellcheck disable=SC2086 # no flag, or one
weir apply -f "$files" --wait --timeout "$timeout" $accept || back

if [ -n "${CHECK:-}" ]; then
	say "check"
	for DEPLOYMENT in $deployments; do
		export DEPLOYMENT
		sh -c "$CHECK" || back
	done
fi

say "done"
for d in $deployments; do weir history "$d" --newest 1; done
