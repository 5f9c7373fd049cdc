package metrics

import (
	"slices"

	"github.com/prometheus/client_golang/prometheus"
)

// Metric is one metric family. It is immutable.
type Metric struct {
	Name   string
	Help   string
	Labels []string
	Type   prometheus.ValueType
}

// TypeWord is what the exposition calls the type.
func (m Metric) TypeWord() string {
	if m.Type == prometheus.CounterValue {
		return "counter"
	}
	return "gauge"
}

// id is the place of a metric in the table.
type id int

// The metrics. Families of the router, of a session, of a flow.
const (
	buildInfo id = iota
	startTime
	sessions
	packetDrops
	ikeDrops
	setups
	established
	failures
	refusals
	ends
	children
	rekeys

	sessionInfo
	sessionConfigured
	sessionUp
	sessionStatus
	sessionUptime
	sessionChanged
	sessionCause
	sessionIKESAs
	sessionIKELifetime
	sessionEstablished
	sessionFailures
	sessionRefusals
	sessionRekeys

	flowInfo
	flowConfigured
	flowUp
	flowSAs
	flowPackets
	flowBytes
	flowDrops
	flowSeconds
	flowVolume
	flowLast

	numMetrics = int(iota)
)

const (
	counter = prometheus.CounterValue
	gauge   = prometheus.GaugeValue
)

// Labels that tell a session and a flow from others.
var (
	ofSession = []string{"interface", "session"}
	ofFlow    = []string{"interface", "session", "flow"}
)

func with(labels []string, more ...string) []string { return slices.Concat(labels, more) }

// table is every metric, by id.
var table = [numMetrics]Metric{
	buildInfo:   {"seikan_build_info", "The program; always 1.", []string{"version", "revision", "goversion"}, gauge},
	startTime:   {"seikan_start_time_seconds", "When the router started, in seconds since 1970.", nil, gauge},
	sessions:    {"seikan_sessions", "Sessions in each state, those that are configured and others.", []string{"configured", "status"}, gauge},
	packetDrops: {"seikan_dropped_packets_total", "Packets dropped that belong to no session.", []string{"reason"}, counter},
	ikeDrops:    {"seikan_ike_dropped_messages_total", "IKE messages that were not acted on.", []string{"reason"}, counter},
	setups:      {"seikan_ike_handshakes_started_total", "IKE SAs whose set-up began, by the role of this router.", []string{"role"}, counter},
	established: {"seikan_ike_handshakes_total", "IKE SAs that were set up and authenticated, rekeys not counted.", nil, counter},
	failures:    {"seikan_ike_handshake_failures_total", "Set-ups of IKE SAs that came to nothing.", []string{"reason"}, counter},
	refusals: {"seikan_ike_exchange_failures_total", "Exchanges on an IKE SA that was up and that came to nothing: for an IPsec SA, a rekey, a move.",
		[]string{"reason"}, counter},
	ends:     {"seikan_ike_sas_ended_total", "IKE SAs that were up and are gone.", []string{"reason"}, counter},
	children: {"seikan_ipsec_sas_total", "Pairs of IPsec SAs that were set up, rekeys not counted.", nil, counter},
	rekeys:   {"seikan_rekeys_total", "SAs that took the place of another, by kind: ike or ipsec.", []string{"kind"}, counter},

	sessionInfo: {"seikan_session_info", "What a configured session is called; always 1.",
		with(ofSession, "local", "peer", "fvrf", "ivrf", "description", "phase1_id"), gauge},
	sessionConfigured:  {"seikan_session_configured", "1 for each session of the configuration, up or not.", ofSession, gauge},
	sessionUp:          {"seikan_session_up", "1 while the session is UP-ACTIVE, UP-IDLE or UP-NO-IKE, otherwise 0.", ofSession, gauge},
	sessionStatus:      {"seikan_session_status", "1 for the state that the session is in; other states have no series.", with(ofSession, "status"), gauge},
	sessionUptime:      {"seikan_session_uptime_seconds", "How long the session has been up; 0 while it is not.", ofSession, gauge},
	sessionChanged:     {"seikan_session_last_change_timestamp_seconds", "When the session went up or down last; no series when it never was up.", ofSession, gauge},
	sessionCause:       {"seikan_session_last_cause_timestamp_seconds", "When the session went down, or could not go up, last, by why.", with(ofSession, "reason"), gauge},
	sessionIKESAs:      {"seikan_session_ike_sas", "IKE SAs of the session, Active or not.", with(ofSession, "state"), gauge},
	sessionIKELifetime: {"seikan_session_ike_lifetime_left_seconds", "Lifetime left of the Active IKE SA; no series without one.", ofSession, gauge},
	sessionEstablished: {"seikan_session_ike_handshakes_total", "IKE SAs with this peer that were set up and authenticated, rekeys not counted.", ofSession, counter},
	sessionFailures:    {"seikan_session_ike_handshake_failures_total", "Set-ups of IKE SAs with this peer that came to nothing.", with(ofSession, "reason"), counter},
	sessionRefusals:    {"seikan_session_ike_exchange_failures_total", "Exchanges on an IKE SA with this peer that came to nothing.", with(ofSession, "reason"), counter},
	sessionRekeys:      {"seikan_session_rekeys_total", "SAs with this peer that took the place of another, by kind: ike or ipsec.", with(ofSession, "kind"), counter},

	flowInfo:       {"seikan_flow_info", "What a flow protects, as a line of an access list; always 1.", with(ofFlow, "permit"), gauge},
	flowConfigured: {"seikan_flow_configured", "1 for each flow of the configuration, up or not.", ofFlow, gauge},
	flowUp:         {"seikan_flow_up", "1 while the flow has IPsec SAs, otherwise 0.", ofFlow, gauge},
	flowSAs:        {"seikan_flow_ipsec_sas", "IPsec SAs of the flow, counted for each direction.", ofFlow, gauge},
	flowPackets:    {"seikan_flow_packets_total", "Inner packets that the flow carried, over all its SAs.", with(ofFlow, "direction"), counter},
	flowBytes:      {"seikan_flow_bytes_total", "Octets of the inner packets that the flow carried, over all its SAs.", with(ofFlow, "direction"), counter},
	flowDrops:      {"seikan_flow_dropped_packets_total", "Packets of the flow that were dropped; a reason has a series once it occurred.", with(ofFlow, "direction", "reason"), counter},
	flowSeconds:    {"seikan_flow_lifetime_left_seconds", "Lifetime left of the IPsec SAs in use; no series without any.", with(ofFlow, "direction"), gauge},
	flowVolume:     {"seikan_flow_lifetime_left_bytes", "Volume left of the IPsec SAs in use; no series without any, or without a limit.", with(ofFlow, "direction"), gauge},
	flowLast:       {"seikan_flow_last_packet_timestamp_seconds", "When the flow carried a packet last; no series when it never did.", with(ofFlow, "direction"), gauge},
}

// Table lists every metric of the router. Those of the Go runtime and of the process are not in it.
func Table() []Metric { return slices.Clone(table[:]) }
