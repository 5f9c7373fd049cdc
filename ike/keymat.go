package ike

import (
	"encoding/binary"

	"seikan/esp"
	"seikan/ike/internal/suite"
	"seikan/ike/wire"
)

// keys are the keys of an IKE SA (RFC 7296 §2.14) and the ciphers made from them, one for each direction.
type keys struct {
	prf     suite.PRF
	skD     esp.Secret // derives the Child SAs' keys
	skPi    esp.Secret
	skPr    esp.Secret
	in, out suite.Cipher
}

// algorithms is what an IKE SA or a Child SA has negotiated: one of each transform type.
type algorithms struct {
	encr  Encr
	prf   uint16
	integ uint16
	group wire.GroupID // NONE: no key exchange
	addKE wire.GroupID // additional key exchange; NONE: none
	esn   bool
}

// skeyseed of an initial exchange: prf(Ni | Nr, g^ir).
func skeyseed(prf suite.PRF, ni, nr, gir []byte) []byte {
	key := append(append(make([]byte, 0, len(ni)+len(nr)), ni...), nr...)
	defer clear(key)
	return prf.Sum(key, gir)
}

// rekeySkeyseed is that of an IKE SA rekey: prf(SK_d (old), g^ir (new) | Ni | Nr | SK(1)), with the old SA's prf (RFC 7296 §2.18,
// RFC 9370 §2.2.4). more is the secret of the additional key exchange, nil for none.
func rekeySkeyseed(old *keys, ni, nr, gir, more []byte) []byte {
	return old.prf.Sum(old.skD, gir, ni, nr, more)
}

// deriveKeys makes {SK_d | SK_ai | SK_ar | SK_ei | SK_er | SK_pi | SK_pr} = prf+ (SKEYSEED, Ni | Nr | SPIi | SPIr)
// (RFC 7296 §2.14) and the ciphers. seed is used up.
func deriveKeys(a algorithms, seed, ni, nr []byte, spiI, spiR wire.SPI, initiator bool) (*keys, error) {
	prf, err := suite.NewPRF(a.prf)
	if err != nil {
		return nil, err
	}
	encrLen, integLen, err := suite.CipherKeyLen(a.encr.ID, int(a.encr.KeyBits), a.integ)
	if err != nil {
		return nil, err
	}
	spis := binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, uint64(spiI)), uint64(spiR))
	rest := prf.Plus(seed, 3*prf.Size()+2*encrLen+2*integLen, ni, nr, spis)
	clear(seed)
	take := func(n int) esp.Secret {
		k := rest[:n:n]
		rest = rest[n:]
		return esp.Secret(k)
	}
	k := &keys{prf: prf, skD: take(prf.Size())}
	ai, ar := take(integLen), take(integLen)
	ei, er := take(encrLen), take(encrLen)
	k.skPi, k.skPr = take(prf.Size()), take(prf.Size())
	fromI, err := suite.NewCipher(a.encr.ID, int(a.encr.KeyBits), a.integ, ei, ai)
	if err != nil {
		return nil, err
	}
	fromR, err := suite.NewCipher(a.encr.ID, int(a.encr.KeyBits), a.integ, er, ar)
	if err != nil {
		return nil, err
	}
	k.out, k.in = fromI, fromR
	if !initiator {
		k.out, k.in = fromR, fromI
	}
	return k, nil
}

// childKeys makes a Child SA's KEYMAT = prf+(SK_d, [g^ir (new) |] Ni | Nr [| SK(1)]) (RFC 7296 §2.17, RFC 9370 §2.2.4) and cuts it up:
// the keys of the SA that carries data from the initiator first, in each encryption before integrity.
func (k *keys) childKeys(s esp.Suite, gir, ni, nr, more []byte) (fromI, fromR esp.Params) {
	encrLen, integLen := s.KeyLen()
	m := k.prf.Plus(k.skD, 2*(encrLen+integLen), gir, ni, nr, more)
	cut := func() esp.Params {
		p := esp.Params{Suite: s, Key: esp.Secret(m[:encrLen:encrLen]), Auth: esp.Secret(m[encrLen : encrLen+integLen : encrLen+integLen])}
		m = m[encrLen+integLen:]
		return p
	}
	return cut(), cut()
}

// authOctets is the AUTH payload's content for a shared key (RFC 7296 §2.15):
// prf(prf(Shared Secret, "Key Pad for IKEv2"), message | nonce | prf(SK_p, IDx')).
// message is what the signer sent first, nonce the other side's, id the signer's. more is signed behind that (RFC 9242 §3.3.2).
func (k *keys) authOctets(secret esp.Secret, message, nonce []byte, id Identity, initiator bool, more []byte) []byte {
	skP := k.skPr
	if initiator {
		skP = k.skPi
	}
	padded := k.prf.Sum(secret, []byte("Key Pad for IKEv2"))
	defer clear(padded)
	rest := append([]byte{byte(id.Kind), 0, 0, 0}, id.Data...)
	return k.prf.Sum(padded, message, nonce, k.prf.Sum(skP, rest), more)
}

// forget clears the keys that this package holds itself.
func (k *keys) forget() {
	clear(k.skD)
	clear(k.skPi)
	clear(k.skPr)
}
