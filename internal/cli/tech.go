package cli

import (
	"context"
	"fmt"
)

// techCommands are the commands whose output `show tech-support` is, in order.
var techCommands = []string{
	"show clock", "show version", "show running-config", "show interfaces", "show vrf detail", "show ip ssh", "show monitoring", "show ip route", "show ipv6 route", "show access-lists", "show crypto map", "show crypto ipsec transform-set",
	"show crypto ikev2 proposal", "show crypto ikev2 policy", "show crypto ikev2 profile", "show crypto ipsec profile",
	"show crypto session detail", "show crypto session history", "show crypto isakmp peers", "show crypto ikev2 sa detailed", "show crypto ikev2 session detailed",
	"show crypto ikev2 stats", "show crypto ikev2 diagnose error", "show crypto ipsec sa detail", "show crypto engine connections active", "show crypto statistics", "show logging",
}

// showTech is what somebody elsewhere needs to find a fault. It has no keys.
func showTech(ctx context.Context, c *call) error {
	for _, line := range techCommands {
		if _, err := fmt.Fprintf(c.w, "\n------------------ %s ------------------\n\n", line); err != nil {
			return err
		}
		err := c.give(ctx, line+" | format "+c.format.String(), c.w)
		if ctx.Err() != nil {
			return err
		}
		if err != nil { // what one command cannot tell, others may
			if _, err := fmt.Fprint(c.w, complaint(line, "", err)); err != nil {
				return err
			}
		}
	}
	return nil
}
