#!/bin/sh
# Writes cases.jsonl again.
set -e
cd "$(dirname "$0")"
{ python3 python/make.py; node node/make.mjs; } > cases.jsonl.new
mv cases.jsonl.new cases.jsonl
