package wire

import "fmt"

// nameOf is what names has for an ID, or the ID put into a format that says what it is.
func nameOf[N ~uint8 | ~uint16](names map[N]string, id N, format string) string {
	if s, ok := names[id]; ok {
		return s
	}
	return fmt.Sprintf(format, uint16(id))
}

func (t PayloadType) String() string   { return nameOf(payloadNames, t, "payload %d") }
func (t ExchangeType) String() string  { return nameOf(exchangeNames, t, "exchange %d") }
func (t NotifyType) String() string    { return nameOf(notifyNames, t, "notify %d") }
func (t TransformType) String() string { return nameOf(transformTypeNames, t, "transform type %d") }
func (p ProtocolID) String() string    { return nameOf(protocolNames, p, "protocol %d") }
func (g GroupID) String() string       { return nameOf(groupNames, g, "group %d") }
func (m AuthMethod) String() string    { return nameOf(authNames, m, "auth method %d") }
func (k IDKind) String() string        { return nameOf(idNames, k, "ID type %d") }
func (t TSType) String() string        { return nameOf(tsNames, t, "TS type %d") }

// The tables below are read only. They know the IANA names of more than has a constant, for logs of what peers send.

var payloadNames = map[PayloadType]string{
	PayloadNone: "none", PayloadSA: "SA", PayloadKE: "KE", PayloadIDi: "IDi", PayloadIDr: "IDr", PayloadCERT: "CERT",
	PayloadCERTREQ: "CERTREQ", PayloadAUTH: "AUTH", PayloadNonce: "Nonce", PayloadNotify: "Notify", PayloadDelete: "Delete",
	PayloadVendorID: "Vendor ID", PayloadTSi: "TSi", PayloadTSr: "TSr", PayloadSK: "SK", PayloadCP: "CP", PayloadEAP: "EAP",
	PayloadSKF: "SKF",
}

var exchangeNames = map[ExchangeType]string{
	IKE_SA_INIT: "IKE_SA_INIT", IKE_AUTH: "IKE_AUTH", CREATE_CHILD_SA: "CREATE_CHILD_SA", INFORMATIONAL: "INFORMATIONAL",
	38: "IKE_SESSION_RESUME", IKE_INTERMEDIATE: "IKE_INTERMEDIATE", IKE_FOLLOWUP_KE: "IKE_FOLLOWUP_KE",
}

var protocolNames = map[ProtocolID]string{ProtocolNone: "none", ProtocolIKE: "IKE", ProtocolAH: "AH", ProtocolESP: "ESP"}

var authNames = map[AuthMethod]string{
	AuthRSA: "RSA Digital Signature", AuthSharedKey: "Shared Key Message Integrity Code", AuthDSS: "DSS Digital Signature",
	AuthECDSA256: "ECDSA with SHA-256 on P-256", AuthECDSA384: "ECDSA with SHA-384 on P-384", AuthECDSA521: "ECDSA with SHA-512 on P-521",
	AuthNULL: "NULL Authentication", AuthDigitalSignature: "Digital Signature",
}

var idNames = map[IDKind]string{
	ID_IPV4_ADDR: "ID_IPV4_ADDR", ID_FQDN: "ID_FQDN", ID_RFC822_ADDR: "ID_RFC822_ADDR", ID_IPV6_ADDR: "ID_IPV6_ADDR",
	ID_DER_ASN1_DN: "ID_DER_ASN1_DN", ID_DER_ASN1_GN: "ID_DER_ASN1_GN", ID_KEY_ID: "ID_KEY_ID", 12: "ID_FC_NAME", ID_NULL: "ID_NULL",
}

var tsNames = map[TSType]string{
	TS_IPV4_ADDR_RANGE: "TS_IPV4_ADDR_RANGE", TS_IPV6_ADDR_RANGE: "TS_IPV6_ADDR_RANGE", 9: "TS_FC_ADDR_RANGE", 10: "TS_SECLABEL",
}

var transformTypeNames = map[TransformType]string{
	TransformENCR: "ENCR", TransformPRF: "PRF", TransformINTEG: "INTEG", TransformKE: "KE", TransformESN: "ESN",
	6: "ADDKE1", 7: "ADDKE2", 8: "ADDKE3", 9: "ADDKE4", 10: "ADDKE5", 11: "ADDKE6", 12: "ADDKE7",
}

var encrNames = map[uint16]string{
	1: "ENCR_DES_IV64", 2: "ENCR_DES", 3: "ENCR_3DES", 4: "ENCR_RC5", 5: "ENCR_IDEA", 6: "ENCR_CAST", 7: "ENCR_BLOWFISH",
	ENCR_NULL: "ENCR_NULL", ENCR_AES_CBC: "ENCR_AES_CBC", ENCR_AES_CTR: "ENCR_AES_CTR",
	14: "ENCR_AES_CCM_8", 15: "ENCR_AES_CCM_12", 16: "ENCR_AES_CCM_16", 18: "ENCR_AES_GCM_8", 19: "ENCR_AES_GCM_12",
	ENCR_AES_GCM_16: "ENCR_AES_GCM_16", 21: "ENCR_NULL_AUTH_AES_GMAC",
	23: "ENCR_CAMELLIA_CBC", 24: "ENCR_CAMELLIA_CTR", 25: "ENCR_CAMELLIA_CCM_8", 26: "ENCR_CAMELLIA_CCM_12", 27: "ENCR_CAMELLIA_CCM_16",
	ENCR_CHACHA20_POLY1305: "ENCR_CHACHA20_POLY1305",
	29:                     "ENCR_AES_CCM_8_IIV", 30: "ENCR_AES_GCM_16_IIV", 31: "ENCR_CHACHA20_POLY1305_IIV",
}

var prfNames = map[uint16]string{
	1: "PRF_HMAC_MD5", PRF_HMAC_SHA1: "PRF_HMAC_SHA1", 3: "PRF_HMAC_TIGER", 4: "PRF_AES128_XCBC", PRF_HMAC_SHA2_256: "PRF_HMAC_SHA2_256",
	PRF_HMAC_SHA2_384: "PRF_HMAC_SHA2_384", PRF_HMAC_SHA2_512: "PRF_HMAC_SHA2_512", 8: "PRF_AES128_CMAC",
}

var integNames = map[uint16]string{
	0: "NONE", 1: "AUTH_HMAC_MD5_96", AUTH_HMAC_SHA1_96: "AUTH_HMAC_SHA1_96", 3: "AUTH_DES_MAC", 4: "AUTH_KPDK_MD5", 5: "AUTH_AES_XCBC_96",
	6: "AUTH_HMAC_MD5_128", 7: "AUTH_HMAC_SHA1_160", 8: "AUTH_AES_CMAC_96", 9: "AUTH_AES_128_GMAC", 10: "AUTH_AES_192_GMAC", 11: "AUTH_AES_256_GMAC",
	AUTH_HMAC_SHA2_256_128: "AUTH_HMAC_SHA2_256_128", AUTH_HMAC_SHA2_384_192: "AUTH_HMAC_SHA2_384_192", AUTH_HMAC_SHA2_512_256: "AUTH_HMAC_SHA2_512_256",
}

var groupNames = map[GroupID]string{
	NONE: "NONE", 1: "MODP_768", 2: "MODP_1024", 5: "MODP_1536", MODP_2048: "MODP_2048", MODP_3072: "MODP_3072", MODP_4096: "MODP_4096",
	17: "MODP_6144", 18: "MODP_8192", ECP_256: "ECP_256", ECP_384: "ECP_384", ECP_521: "ECP_521",
	22: "MODP_1024_160", 23: "MODP_2048_224", 24: "MODP_2048_256", 25: "ECP_192", 26: "ECP_224",
	27: "BRAINPOOL_P224R1", 28: "BRAINPOOL_P256R1", 29: "BRAINPOOL_P384R1", 30: "BRAINPOOL_P512R1",
	CURVE25519: "CURVE25519", 32: "CURVE448", 35: "ML_KEM_512", ML_KEM_768: "ML_KEM_768", ML_KEM_1024: "ML_KEM_1024",
}

var esnNames = map[uint16]string{NO_ESN: "NO_ESN", ESN: "ESN"}

var notifyNames = map[NotifyType]string{
	UNSUPPORTED_CRITICAL_PAYLOAD:    "UNSUPPORTED_CRITICAL_PAYLOAD",
	INVALID_IKE_SPI:                 "INVALID_IKE_SPI",
	INVALID_MAJOR_VERSION:           "INVALID_MAJOR_VERSION",
	INVALID_SYNTAX:                  "INVALID_SYNTAX",
	INVALID_MESSAGE_ID:              "INVALID_MESSAGE_ID",
	INVALID_SPI:                     "INVALID_SPI",
	NO_PROPOSAL_CHOSEN:              "NO_PROPOSAL_CHOSEN",
	INVALID_KE_PAYLOAD:              "INVALID_KE_PAYLOAD",
	AUTHENTICATION_FAILED:           "AUTHENTICATION_FAILED",
	SINGLE_PAIR_REQUIRED:            "SINGLE_PAIR_REQUIRED",
	NO_ADDITIONAL_SAS:               "NO_ADDITIONAL_SAS",
	INTERNAL_ADDRESS_FAILURE:        "INTERNAL_ADDRESS_FAILURE",
	FAILED_CP_REQUIRED:              "FAILED_CP_REQUIRED",
	TS_UNACCEPTABLE:                 "TS_UNACCEPTABLE",
	INVALID_SELECTORS:               "INVALID_SELECTORS",
	UNACCEPTABLE_ADDRESSES:          "UNACCEPTABLE_ADDRESSES",
	UNEXPECTED_NAT_DETECTED:         "UNEXPECTED_NAT_DETECTED",
	TEMPORARY_FAILURE:               "TEMPORARY_FAILURE",
	CHILD_SA_NOT_FOUND:              "CHILD_SA_NOT_FOUND",
	45:                              "INVALID_GROUP_ID",
	46:                              "AUTHORIZATION_FAILED",
	STATE_NOT_FOUND:                 "STATE_NOT_FOUND",
	48:                              "TS_MAX_QUEUE",
	INITIAL_CONTACT:                 "INITIAL_CONTACT",
	SET_WINDOW_SIZE:                 "SET_WINDOW_SIZE",
	ADDITIONAL_TS_POSSIBLE:          "ADDITIONAL_TS_POSSIBLE",
	IPCOMP_SUPPORTED:                "IPCOMP_SUPPORTED",
	NAT_DETECTION_SOURCE_IP:         "NAT_DETECTION_SOURCE_IP",
	NAT_DETECTION_DESTINATION_IP:    "NAT_DETECTION_DESTINATION_IP",
	COOKIE:                          "COOKIE",
	USE_TRANSPORT_MODE:              "USE_TRANSPORT_MODE",
	HTTP_CERT_LOOKUP_SUPPORTED:      "HTTP_CERT_LOOKUP_SUPPORTED",
	REKEY_SA:                        "REKEY_SA",
	ESP_TFC_PADDING_NOT_SUPPORTED:   "ESP_TFC_PADDING_NOT_SUPPORTED",
	NON_FIRST_FRAGMENTS_ALSO:        "NON_FIRST_FRAGMENTS_ALSO",
	MOBIKE_SUPPORTED:                "MOBIKE_SUPPORTED",
	ADDITIONAL_IP4_ADDRESS:          "ADDITIONAL_IP4_ADDRESS",
	ADDITIONAL_IP6_ADDRESS:          "ADDITIONAL_IP6_ADDRESS",
	NO_ADDITIONAL_ADDRESSES:         "NO_ADDITIONAL_ADDRESSES",
	UPDATE_SA_ADDRESSES:             "UPDATE_SA_ADDRESSES",
	COOKIE2:                         "COOKIE2",
	NO_NATS_ALLOWED:                 "NO_NATS_ALLOWED",
	AUTH_LIFETIME:                   "AUTH_LIFETIME",
	MULTIPLE_AUTH_SUPPORTED:         "MULTIPLE_AUTH_SUPPORTED",
	ANOTHER_AUTH_FOLLOWS:            "ANOTHER_AUTH_FOLLOWS",
	REDIRECT_SUPPORTED:              "REDIRECT_SUPPORTED",
	REDIRECT:                        "REDIRECT",
	REDIRECTED_FROM:                 "REDIRECTED_FROM",
	16409:                           "TICKET_LT_OPAQUE",
	16410:                           "TICKET_REQUEST",
	16411:                           "TICKET_ACK",
	16412:                           "TICKET_NACK",
	16413:                           "TICKET_OPAQUE",
	16415:                           "USE_WESP_MODE",
	16416:                           "ROHC_SUPPORTED",
	EAP_ONLY_AUTHENTICATION:         "EAP_ONLY_AUTHENTICATION",
	CHILDLESS_IKEV2_SUPPORTED:       "CHILDLESS_IKEV2_SUPPORTED",
	QUICK_CRASH_DETECTION:           "QUICK_CRASH_DETECTION",
	IKEV2_MESSAGE_ID_SYNC_SUPPORTED: "IKEV2_MESSAGE_ID_SYNC_SUPPORTED",
	16421:                           "IPSEC_REPLAY_COUNTER_SYNC_SUPPORTED",
	16422:                           "IKEV2_MESSAGE_ID_SYNC",
	16423:                           "IPSEC_REPLAY_COUNTER_SYNC",
	16424:                           "SECURE_PASSWORD_METHODS",
	16425:                           "PSK_PERSIST",
	16426:                           "PSK_CONFIRM",
	16427:                           "ERX_SUPPORTED",
	IKEV2_FRAGMENTATION_SUPPORTED:   "IKEV2_FRAGMENTATION_SUPPORTED",
	SIGNATURE_HASH_ALGORITHMS:       "SIGNATURE_HASH_ALGORITHMS",
	16432:                           "CLONE_IKE_SA_SUPPORTED",
	16433:                           "CLONE_IKE_SA",
	16434:                           "PUZZLE",
	USE_PPK:                         "USE_PPK",
	PPK_IDENTITY:                    "PPK_IDENTITY",
	NO_PPK_AUTH:                     "NO_PPK_AUTH",
	INTERMEDIATE_EXCHANGE_SUPPORTED: "INTERMEDIATE_EXCHANGE_SUPPORTED",
	16439:                           "IP4_ALLOWED",
	16440:                           "IP6_ALLOWED",
	ADDITIONAL_KEY_EXCHANGE:         "ADDITIONAL_KEY_EXCHANGE",
	16442:                           "USE_AGGFRAG",
	SUPPORTED_AUTH_METHODS:          "SUPPORTED_AUTH_METHODS",
	16444:                           "SA_RESOURCE_INFO",
	16445:                           "USE_PPK_INT",
	16446:                           "PPK_IDENTITY_KEY",
}
