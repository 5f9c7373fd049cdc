package seikan

import (
	"cmp"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"seikan/ike"
	"seikan/sadb"
	"seikan/session"
)

// The words of a classic router for what happens here. Programs look for them: they are not to be improved.
const (
	ikeSAUp      = "IKEV2-5-SA_UP"
	ikeSADown    = "IKEV2-5-SA_DOWN"
	recvRequest  = "IKEV2-5-RECV_CONNECTION_REQUEST"
	initiate     = "IKEV2-5-OSAL_INITIATE_TUNNEL"
	negAbort     = "IKEV2-3-NEG_ABORT"
	setupFailure = "CRYPTO-5-IPSEC_SETUP_FAILURE"
	deleteByHand = "CRYPTO-6-ISAKMP_MANUAL_DELETE"
	downReason   = "CRYPTO-6-SESSION_DOWN_REASON" // of ours: a classic router does not say
	invalidSPI   = "CRYPTO-4-RECVD_PKT_INV_SPI"
	macError     = "CRYPTO-4-RECVD_PKT_MAC_ERR"
	replayError  = "CRYPTO-4-PKT_REPLAY_ERR"
	invalidIdent = "CRYPTO-4-RECVD_PKT_INV_IDENTITY"
	notLogged    = "SYS-4-LOGGING_LIMIT"
	noSA         = "CRYPTO-4-IKMP_NO_SA"
	badMessage   = "CRYPTO-4-IKMP_BAD_MESSAGE"
	notEncrypted = "CRYPTO-6-IKMP_NOT_ENCRYPTED"
	lineProtocol = "LINEPROTO-5-UPDOWN"
	noKeyForPeer = "CRYPTO-6-IKMP_NO_PRESHARED_KEY"
	internalErr  = "SYS-3-INTERNAL_ERROR" // of ours
)

func connectionRequest(sa ike.SAInfo) string {
	return fmt.Sprintf("%%%s: Received a IKE_INIT_SA request. Peer %s", recvRequest, ending(sa.Path.Remote))
}

func initiateTunnel(sa ike.SAInfo) string {
	return fmt.Sprintf("%%%s: Received request to establish an IPsec tunnel. Peer %s", initiate, ending(sa.Path.Remote))
}

func ikeUp(sa ike.SAInfo) string {
	return fmt.Sprintf("%%%s: SA UP. Peer %s Id: %s", ikeSAUp, ending(sa.Path.Remote), sa.RemoteID)
}

func ikeDown(sa ike.SAInfo, why ike.Reason) string {
	return fmt.Sprintf("%%%s: SA DOWN. Peer %s Id: %s Reason: %s", ikeSADown, ending(sa.Path.Remote), sa.RemoteID, why)
}

func manualDelete(sa ike.SAInfo) string {
	return fmt.Sprintf("%%%s: IKE SA manually deleted. Peer %s", deleteByHand, ending(sa.Path.Remote))
}

// ending is an end of an SA as the listings write it in messages: ADDRESS:PORT, without brackets.
func ending(a netip.AddrPort) string {
	if !a.IsValid() {
		return "(none)"
	}
	return fmt.Sprintf("%s:%d", strings.ToUpper(a.Addr().String()), a.Port())
}

// abortReasons are a classic router's words for reasons that it has, too.
var abortReasons = map[ike.Reason]string{
	ike.ReasonNoProposal:         "Failed to find a matching policy",
	ike.ReasonAuthFailed:         "Auth exchange failed",
	ike.ReasonTimeout:            "Failed to receive the AUTH msg before the timer expired",
	ike.ReasonNoTrafficSelectors: "There was no IPSEC policy found for received TS",
	ike.ReasonPeerLost:           "Maximum number of retransmissions reached",
}

// ended are reasons that end an SA, and with it what was being negotiated: somebody wanted it so.
var ended = map[ike.Reason]bool{
	ike.ReasonOperator: true, ike.ReasonPeerDeleted: true, ike.ReasonReplacedByPeer: true, ike.ReasonRekeyed: true,
	ike.ReasonReauthenticated: true, ike.ReasonReconfigured: true, ike.ReasonRemoved: true,
}

func negotiationAborted(why ike.Reason) string {
	text, known := abortReasons[why]
	if !known {
		text = sentence(why.String())
	}
	return fmt.Sprintf("%%%s: Negotiation aborted due to ERROR: %s", negAbort, text)
}

// setupFailed names the ends. Of identities an attempt that failed leaves none that were proved.
func setupFailed(ev ike.Failed, count uint64) string {
	addr := func(a netip.Addr) string {
		if !a.IsValid() {
			return "(none)"
		}
		return a.String()
	}
	why := ev.Reason.String()
	if ev.Detail != "" {
		why += ": " + ev.Detail
	}
	return fmt.Sprintf("%%%s: IPSEC SETUP FAILED for local:%s local_id:N/A remote:%s remote_id:N/A IKE profile:%s fvrf:%s fail_reason:%s fail_class_cnt:%d",
		setupFailure, addr(ev.Path.Local.Addr()), addr(ev.Path.Remote.Addr()), cmp.Or(ev.Peer, "None"), cmp.Or(ev.Path.VRF, "None"), why, count)
}

// sentence begins with a capital letter.
func sentence(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

func sessionReason(tr session.Transition) string {
	why := tr.Reason.String()
	if tr.Detail != "" {
		why += ": " + tr.Detail
	}
	sec := int(tr.Duration / time.Second)
	return fmt.Sprintf("%%%s: Peer %s went down after %02d:%02d:%02d: %s",
		downReason, ending(tr.Peer), sec/3600, sec/60%60, sec%60, why)
}

// drop is how a reason to drop a message is said.
type drop struct {
	mnemonic string
	level    zerolog.Level
	format   string // with the sender's address
}

func (d drop) message(from netip.Addr) string {
	return "%" + d.mnemonic + ": " + fmt.Sprintf(d.format, strings.ToUpper(from.String()))
}

// drops are the reasons that a classic router has words for.
var drops = map[ike.Drop]drop{
	ike.DropUnknownSA:   {noSA, zerolog.WarnLevel, "IKE message from %s has no SA and is not an initialization offer"},
	ike.DropMalformed:   {badMessage, zerolog.WarnLevel, "IKE message from %s failed its sanity check or is malformed"},
	ike.DropSyntax:      {badMessage, zerolog.WarnLevel, "IKE message from %s failed its sanity check or is malformed"},
	ike.DropICV:         {badMessage, zerolog.WarnLevel, "IKE message from %s failed its sanity check or is malformed"},
	ike.DropUnprotected: {notEncrypted, zerolog.InfoLevel, "IKE packet from %s was not encrypted and it should've been."},
	ike.DropNoPeer:      {noKeyForPeer, zerolog.InfoLevel, "Pre-shared key for remote peer at %s is missing"},
}

func repeated(n uint64, mnemonic, from string) string {
	times := "messages"
	if n == 1 {
		times = "message"
	}
	return fmt.Sprintf("%%%s: %d more %s in the last %d s not logged: %s of %s", notLogged, n, times, int(quietTime/time.Second), mnemonic, from)
}

// packetDrop is the mnemonic and the message for a packet that was dropped on an SA, whose number in the listings is id. "": a classic router
// has none.
func packetDrop(n note, id uint32) (mnemonic, text string) {
	switch n.why {
	case sadb.DropICV:
		mnemonic = macError
		text = fmt.Sprintf("decrypt: mac verify failed for connection id=%d local=%v remote=%v spi=%08X seqno=%08X",
			id, n.path.Local.Addr(), n.path.Remote.Addr(), uint32(n.in), n.seq)
	case sadb.DropReplay, sadb.DropStale:
		mnemonic = replayError
		text = fmt.Sprintf("decrypt: replay check failed connection id=%d, sequence number=%d", id, n.seq)
	case sadb.DropIdentity:
		mnemonic = invalidIdent
		text = fmt.Sprintf("identity doesn't match negotiated identity connection id=%d (ip) dest_addr= %v, src_addr= %v, prot= %d", id, n.flow.Dst, n.flow.Src, n.flow.Proto)
	default:
		return "", ""
	}
	return mnemonic, "%" + mnemonic + ": " + text
}
