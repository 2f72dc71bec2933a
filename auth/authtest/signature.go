package authtest

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/hex"
	"fmt"
	"math/big"
	"slices"
	"strconv"
)

// signatures are bytes in place of the right ones.
func (b *builder) signatures() {
	b.rsaSignatures()
	b.ecSignatures()
	b.edSignatures()
}

func (b *builder) rsaSignatures() {
	const class = "signature, RSA"
	m := b.main
	header, claims, right := m.parts(b)
	signed := header + "." + claims
	digest := sha256.Sum256([]byte(signed))
	n := m.key.(*rsa.PrivateKey).N
	one := big.NewInt(1)
	number := func(x *big.Int) []byte { return x.FillBytes(make([]byte, max(256, (x.BitLen()+7)/8))) }
	flip := func(i int, bit byte) []byte {
		s := bytes.Clone(right)
		s[i] ^= bit
		return s
	}
	backwards := bytes.Clone(right)
	slices.Reverse(backwards)
	otherToken := m.withClaims(b, set("sub", `"bob"`))
	_, _, ofOther := otherToken.parts(b)
	// What a check of the padding alone, without the exponent, would accept.
	prefix := []byte{0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20}
	padded := append(append(append([]byte{0, 1}, bytes.Repeat([]byte{0xff}, 256-3-len(prefix)-32)...), 0), append(prefix, digest[:]...)...)
	bare, err := rsa.SignPKCS1v15(rand.Reader, m.key.(*rsa.PrivateKey), 0, digest[:])
	if err != nil {
		b.Fatal(err)
	}
	wrapped, err := asn1.Marshal(right)
	if err != nil {
		b.Fatal(err)
	}
	ofPayload := m.signText(b, claims)
	for _, s := range []struct {
		name      string
		signature []byte
	}{
		{"zeros", make([]byte, 256)}, {"one zero", []byte{0}}, {"ones", bytes.Repeat([]byte{0xff}, 256)},
		{"the number 1", number(one)}, {"the modulus", number(n)}, {"the modulus less 1", number(new(big.Int).Sub(n, one))},
		{"plus the modulus", number(new(big.Int).Add(new(big.Int).SetBytes(right), n))},
		{"negated", number(new(big.Int).Sub(n, new(big.Int).SetBytes(right)))},
		{"255 bytes", right[:255]}, {"without the first", right[1:]}, {"half", right[:128]}, {"one byte", right[:1]},
		{"zero before", append([]byte{0}, right...)}, {"zero behind", append(bytes.Clone(right), 0)}, {"twice", append(bytes.Clone(right), right...)},
		{"first bit", flip(0, 0x80)}, {"a middle bit", flip(100, 0x10)}, {"last bit", flip(255, 1)}, {"a byte", flip(7, 0xff)},
		{"backwards", backwards}, {"of another token", ofOther}, {"the padding itself", padded}, {"without digest info", bare},
		{"in DER", wrapped}, {"in hex", []byte(hex.EncodeToString(right))}, {"encoded twice", []byte(encode(string(right)))},
		{"the digest", digest[:]}, {"the signed text", []byte(signed)}, {"of the claims only", []byte(ofPayload[len(claims)+1:])},
	} {
		b.add(class, s.name, m.token(), signed+"."+encode(string(s.signature)), badSig)
	}
	b.add(class, "none", m.token(), signed+".", malformed)
	b.add(class, "none and no dot", m.token(), signed, opaque)

	// RFC 8017 section 8.2.2 step 1: exactly as long as the modulus.
	for i := 0; ; i++ {
		short := m.withClaims(b, set("jti", strconv.Itoa(i)))
		if header, claims, s := short.parts(b); s[0] == 0 {
			b.add(class, "leading zero stripped", short.token(), header+"."+claims+"."+encode(string(s[1:])), badSig)
			break
		}
	}
	b.add(class, "claims changed", m.token(), header+"."+encode(m.claims.edited([]edit{set("sub", `"bob"`)}).String())+"."+encode(string(right)), badSig)
	b.add(class, "claims written otherwise", m.token(), header+"."+encode(" "+m.claims.String())+"."+encode(string(right)), badSig)
	b.add(class, "header written otherwise", m.token(), encode(m.header.String()+" ")+"."+claims+"."+encode(string(right)), badSig)
	b.add(class, "member added to the header", m.token(), encode(m.header.edited([]edit{set("x", "1")}).String())+"."+claims+"."+encode(string(right)), badSig)
}

func (b *builder) ecSignatures() {
	const class = "signature, EC"
	for _, c := range []struct {
		algorithm, kid string
		key            *ecdsa.PrivateKey
		half           int
	}{{"ES256", "ec", b.private.ec, 32}, {"ES384", "ec384", b.private.ec384, 48}, {"ES512", "ec521", b.private.ec521, 66}} {
		m := b.all.with(b, c.algorithm, c.kid, c.key)
		header, claims, right := m.parts(b)
		r, s := new(big.Int).SetBytes(right[:c.half]), new(big.Int).SetBytes(right[c.half:])
		order := c.key.Params().N
		pair := func(r, s *big.Int) []byte {
			return append(r.FillBytes(make([]byte, c.half)), s.FillBytes(make([]byte, c.half))...)
		}
		zero, one := new(big.Int), big.NewInt(1)
		der, err := asn1.Marshal(struct{ R, S *big.Int }{r, s})
		if err != nil {
			b.Fatal(err)
		}
		flipped := bytes.Clone(right)
		flipped[c.half] ^= 1
		wide := append(append(make([]byte, 2), right[:c.half]...), append(make([]byte, 2), right[c.half:]...)...)
		for _, bad := range []struct {
			name      string
			signature []byte
		}{
			{"zeros", make([]byte, 2*c.half)}, // CVE-2022-21449
			{"r zero", pair(zero, s)}, {"s zero", pair(r, zero)}, {"ones", pair(one, one)}, {"r one", pair(one, s)}, {"s one", pair(r, one)},
			{"the order twice", pair(order, order)}, {"r the order", pair(order, s)}, {"s the order", pair(r, order)}, {"zero and the order", pair(zero, order)},
			{"swapped", pair(s, r)}, {"in DER", der}, {"one byte short", right[:2*c.half-1]}, {"one byte long", append(bytes.Clone(right), 0)},
			{"zero before", append([]byte{0}, right...)}, {"halves wider", wide}, {"half", right[:c.half]}, {"one zero", []byte{0}},
			{"a bit", flipped}, {"of another curve's length", make([]byte, 100)},
		} {
			b.add(class, c.algorithm+" "+bad.name, m.token(), header+"."+claims+"."+encode(string(bad.signature)), badSig)
		}
		// RFC 7518 section 3.4: octet strings keep their leading zeros.
		for i := 0; ; i++ {
			short := m.withClaims(b, set("jti", strconv.Itoa(i)))
			header, claims, signature := short.parts(b)
			if signature[c.half] != 0 || signature[0] == 0 {
				continue
			}
			stripped := slices.Delete(bytes.Clone(signature), c.half, c.half+1)
			b.add(class, c.algorithm+" leading zero stripped", short.token(), header+"."+claims+"."+encode(string(stripped)), badSig)
			break
		}
		b.add(class, c.algorithm+" none", m.token(), header+"."+claims+".", malformed)
	}
}

func (b *builder) edSignatures() {
	const class = "signature, Ed25519"
	m := b.all.with(b, "EdDSA", "ed", b.private.ed)
	header, claims, right := m.parts(b)
	signed := header + "." + claims
	// The order of the group, little endian as the second half (RFC 8032 section 5.1.7).
	order, _ := new(big.Int).SetString("7237005577332262213973186563042994240857116359379907606001950938285454250989", 10)
	little := bytes.Clone(right[32:])
	slices.Reverse(little)
	high := new(big.Int).Add(new(big.Int).SetBytes(little), order).FillBytes(make([]byte, 32))
	slices.Reverse(high)
	identity := make([]byte, 64)
	identity[0] = 1
	context, err := b.private.ed.Sign(nil, []byte(signed), &ed25519.Options{Context: "jwt"})
	if err != nil {
		b.Fatal(err)
	}
	digest := crypto.SHA512.New()
	digest.Write([]byte(signed))
	prehashed, err := b.private.ed.Sign(nil, digest.Sum(nil), &ed25519.Options{Hash: crypto.SHA512})
	if err != nil {
		b.Fatal(err)
	}
	flip := func(i int) []byte { s := bytes.Clone(right); s[i] ^= 1; return s }
	for _, bad := range []struct {
		name      string
		signature []byte
	}{
		{"zeros", make([]byte, 64)}, {"the neutral point", identity}, {"s beyond the order", append(bytes.Clone(right[:32]), high...)},
		{"with a context", context}, {"of the hash", prehashed}, {"short", right[:63]}, {"long", append(bytes.Clone(right), 0)},
		{"r", flip(0)}, {"s", flip(32)}, {"last", flip(63)}, {"halves swapped", append(bytes.Clone(right[32:]), right[:32]...)},
		{"s zero", append(bytes.Clone(right[:32]), make([]byte, 32)...)}, {"r zero", append(make([]byte, 32), right[32:]...)},
		{"by another key", ed25519.Sign(b.private.otherEd, []byte(signed))},
	} {
		b.add(class, bad.name, m.token(), signed+"."+encode(string(bad.signature)), badSig)
	}
	b.add(class, "none", m.token(), signed+".", malformed)
	for _, size := range []int{1, 32, 64, 128} {
		b.add(class, fmt.Sprintf("%d bytes of ones", size), m.token(), signed+"."+encode(string(bytes.Repeat([]byte{0xff}, size))), badSig)
	}
}
