package session

import "testing"

func TestStatusOf(t *testing.T) {
	tests := []struct {
		name           string
		active, exists bool
		ipsecSAs       int
		want           string
	}{
		{"active IKE SA and a pair", true, true, 2, "UP-ACTIVE"},
		{"active IKE SA and two pairs", true, true, 4, "UP-ACTIVE"},
		{"active IKE SA alone", true, true, 0, "UP-IDLE"},
		{"inactive IKE SA and a pair", false, true, 2, "UP-NO-IKE"},
		{"a pair alone", false, false, 2, "UP-NO-IKE"},
		{"inactive IKE SA alone", false, true, 0, "DOWN-NEGOTIATING"},
		{"nothing", false, false, 0, "DOWN"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := StatusOf(tt.active, tt.exists, tt.ipsecSAs)
			if got.String() != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
			text, _ := got.MarshalText()
			var back Status
			if err := back.UnmarshalText(text); err != nil || back != got {
				t.Errorf("%s reads back as %v, %v", text, back, err)
			}
		})
	}
	var s Status
	if err := s.UnmarshalText([]byte("SIDEWAYS")); err == nil {
		t.Error("SIDEWAYS is taken for a status")
	}
}
