#!/bin/sh
# Makes an authority, a certificate of localhost and one of a client, in this folder. `openssl ca`,
# because only it can set the first day.
set -eu
work=$(mktemp -d)
touch "$work/index" "$work/index.attr"
key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1" 2>/dev/null; }
# NAME, the authority that signs it, extensions
certificate() {
    key "$work/$1.key"
    openssl req -new -key "$work/$1.key" -subj "/CN=ingam test $1" -out "$work/$1.csr"
    {
        printf '[ca]\ndefault_ca = own\n[own]\ndatabase = %s/index\nnew_certs_dir = %s\nrand_serial = yes\n' "$work" "$work"
        printf 'default_md = sha256\npolicy = any\nunique_subject = no\n[any]\ncommonName = supplied\n[extensions]\n%s\n' "$3"
    } > "$work/$1.cnf"
    signer="-cert $work/$2.pem -keyfile $work/$2.key"
    if [ "$1" = "$2" ]; then signer="-selfsign -keyfile $work/$1.key"; fi
    # shellcheck disable=SC2086
    openssl ca -batch -notext -config "$work/$1.cnf" -extensions extensions $signer \
        -startdate 20200101000000Z -enddate 21200101000000Z -in "$work/$1.csr" -out "$work/$1.pem" 2>/dev/null
    cp "$work/$1.pem" .
}
authority='basicConstraints=critical,CA:TRUE
keyUsage=critical,keyCertSign
subjectKeyIdentifier=hash'
certificate ca ca "$authority"
certificate other-ca other-ca "$authority"
certificate server ca 'subjectAltName=DNS:localhost,IP:127.0.0.1,DNS:files.s3.example.com'
certificate client ca 'extendedKeyUsage=clientAuth'
cp "$work/server.key" "$work/client.key" .
rm -r "$work"
