#!/usr/bin/env bash
# A shell script under test with curl: GESMOCK_URL is where `gesmock serve` listens.
set -euo pipefail
ges=${GESMOCK_URL:-http://127.0.0.1:8080}
json='Content-Type: application/json'

# What has to be so.
state=$(curl -sSf -X POST "$ges/_gesmock/provider-states" -H "$json" \
  -d '{"state": "movies", "params": {"fixture": "movies", "clock": {"frozen": true}}}')
graph=$ges/ges/v1.0/$(sed 's/.*"project_id":"\([^"]*\)".*/\1/' <<<"$state")/graphs/movies

# The second page of the list.
curl -sSf "$graph/jobs/status?limit=2&offset=2" | grep -o '"status":"[a-z]*"'

# A job is submitted, and half a minute goes by at once.
job=$(curl -sSf "$graph/summary?label_details=true" | sed 's/.*"jobId":"\([^"]*\)".*/\1/')
curl -sSf "$graph/jobs/$job/status"; echo
curl -sSf -X PATCH "$ges/_gesmock/clock" -H "$json" -d '{"advance_s": 30}' | grep -o '"status":"success"'

# What the service says when it is down, and how often it was asked.
curl -sS -H 'Prefer: code=503' "$graph/jobs/status"; echo
curl -sSf "$ges/_gesmock/journal?operation=list_jobs" | grep -o '"total":[0-9]*,"dropped":0'
