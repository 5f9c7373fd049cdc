#include "textflag.h"

// Sums with vectors. Each half of a 64-bit word is added to a 64-bit lane, of which Y0 and Y1 have eight together. Four gigabytes do not overflow
// the sum of them.

#define CLEAR \
	VPCMPEQD Y15, Y15, Y15; \
	VPSRLQ   $32, Y15, Y15; \ // the low halves
	VPXOR    Y0, Y0, Y0; \
	VPXOR    Y1, Y1, Y1

// ADD adds what is in Y4 to Y7, which it uses up.
#define ADD \
	VPSRLQ   $32, Y4, Y8; \
	VPSRLQ   $32, Y5, Y9; \
	VPSRLQ   $32, Y6, Y10; \
	VPSRLQ   $32, Y7, Y11; \
	VPAND    Y15, Y4, Y4; \
	VPAND    Y15, Y5, Y5; \
	VPAND    Y15, Y6, Y6; \
	VPAND    Y15, Y7, Y7; \
	VPADDQ   Y8, Y4, Y4; \
	VPADDQ   Y9, Y5, Y5; \
	VPADDQ   Y10, Y6, Y6; \
	VPADDQ   Y11, Y7, Y7; \
	VPADDQ   Y5, Y4, Y4; \
	VPADDQ   Y7, Y6, Y6; \
	VPADDQ   Y4, Y0, Y0; \
	VPADDQ   Y6, Y1, Y1

// ADD1 adds what is in Y4.
#define ADD1 \
	VPSRLQ   $32, Y4, Y8; \
	VPAND    Y15, Y4, Y4; \
	VPADDQ   Y8, Y4, Y4; \
	VPADDQ   Y4, Y0, Y0

// TOTAL leaves the sum of all lanes in AX.
#define TOTAL \
	VPADDQ       Y1, Y0, Y0; \
	VEXTRACTI128 $1, Y0, X1; \
	VPADDQ       X1, X0, X0; \
	VPSHUFD      $0xee, X0, X1; \
	VPADDQ       X1, X0, X0; \
	VMOVQ        X0, AX; \
	VZEROUPPER

// func sumAVX2(p *byte, n int) uint64
TEXT ·sumAVX2(SB), NOSPLIT, $0-24
	MOVQ p+0(FP), SI
	MOVQ n+8(FP), CX
	CLEAR

wide:
	CMPQ    CX, $128
	JB      narrow
	VMOVDQU (SI), Y4
	VMOVDQU 32(SI), Y5
	VMOVDQU 64(SI), Y6
	VMOVDQU 96(SI), Y7
	ADD
	ADDQ    $128, SI
	SUBQ    $128, CX
	JMP     wide

narrow:
	CMPQ    CX, $32
	JB      done
	VMOVDQU (SI), Y4
	ADD1
	ADDQ    $32, SI
	SUBQ    $32, CX
	JMP     narrow

done:
	TOTAL
	MOVQ AX, ret+16(FP)
	RET

// func copySumAVX2(dst, src *byte, n int) uint64
TEXT ·copySumAVX2(SB), NOSPLIT, $0-32
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ n+16(FP), CX
	CLEAR

wide:
	CMPQ    CX, $128
	JB      narrow
	VMOVDQU (SI), Y4
	VMOVDQU 32(SI), Y5
	VMOVDQU 64(SI), Y6
	VMOVDQU 96(SI), Y7
	VMOVDQU Y4, (DI)
	VMOVDQU Y5, 32(DI)
	VMOVDQU Y6, 64(DI)
	VMOVDQU Y7, 96(DI)
	ADD
	ADDQ    $128, SI
	ADDQ    $128, DI
	SUBQ    $128, CX
	JMP     wide

narrow:
	CMPQ    CX, $32
	JB      done
	VMOVDQU (SI), Y4
	VMOVDQU Y4, (DI)
	ADD1
	ADDQ    $32, SI
	ADDQ    $32, DI
	SUBQ    $32, CX
	JMP     narrow

done:
	TOTAL
	MOVQ AX, ret+24(FP)
	RET
