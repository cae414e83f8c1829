import hashlib, json, sys  # python3 verify.py FILE..., the oldest first
prev, seq, torn = "0" * 64, 1, b""
for line in (line for path in sys.argv[1:] for line in open(path, "rb")):
    body, seal = line[:-76] + b"}", line[-76:]  # what was hashed; `,"hash":"...64..."}` and LF
    digest = hashlib.sha256(prev.encode() + body).hexdigest()
    record = json.loads(body) if seal == b',"hash":"%s"}\n' % digest.encode() else {}
    mends = record.get("sha256") == hashlib.sha256(torn[:-1]).hexdigest() if torn else True
    if (record.get("prev"), record.get("seq")) == (prev, seq) and mends:
        prev, seq, torn = digest, seq + 1, b""
    else:
        torn += line  # a crash left this behind; a `recovered` record must name its digest
sys.exit(f"broken at record {seq}") if torn else print(seq - 1, "records, last", prev)
