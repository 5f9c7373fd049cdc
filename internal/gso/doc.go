// Package gso cuts what a host hands over as one frame into the packets that it stands for, and joins packets to such frames again:
// generic segmentation and receive offload, of TCP streams and of UDP datagrams of one size.
//
// It is about octets only. Package tun exchanges the frames with the host.
package gso
