#include "textflag.h"

// func indexAVX2(p *byte, blocks int, stops *uint64) (high uint32)
TEXT ·indexAVX2(SB), NOSPLIT, $0-28
	MOVQ p+0(FP), SI
	MOVQ blocks+8(FP), CX
	MOVQ stops+16(FP), DI
	MOVQ $0x2222222222222222, AX // quote
	MOVQ AX, X0
	VPBROADCASTQ X0, Y0
	MOVQ $0x5c5c5c5c5c5c5c5c, AX // backslash
	MOVQ AX, X1
	VPBROADCASTQ X1, Y1
	MOVQ $0x1f1f1f1f1f1f1f1f, AX // the last control character
	MOVQ AX, X2
	VPBROADCASTQ X2, Y2
	VPXOR Y4, Y4, Y4

loop:
	TESTQ CX, CX
	JLE done
	VMOVDQU (SI), Y5
	VMOVDQU 32(SI), Y6
	VPOR Y5, Y4, Y4
	VPOR Y6, Y4, Y4
	VPCMPEQB Y0, Y5, Y7
	VPCMPEQB Y1, Y5, Y8
	VPMINUB Y2, Y5, Y9
	VPCMPEQB Y5, Y9, Y9
	VPOR Y7, Y8, Y7
	VPOR Y7, Y9, Y7
	VPMOVMSKB Y7, R8
	VPCMPEQB Y0, Y6, Y11
	VPCMPEQB Y1, Y6, Y12
	VPMINUB Y2, Y6, Y13
	VPCMPEQB Y6, Y13, Y13
	VPOR Y11, Y12, Y11
	VPOR Y11, Y13, Y11
	VPMOVMSKB Y11, R10
	SHLQ $32, R10
	ORQ R10, R8
	MOVQ R8, (DI)
	ADDQ $64, SI
	ADDQ $8, DI
	DECQ CX
	JMP loop

done:
	VPMOVMSKB Y4, AX
	VZEROUPPER
	MOVL AX, high+24(FP)
	RET

// func indexAVX512(p *byte, blocks int, stops *uint64) (high uint32)
TEXT ·indexAVX512(SB), NOSPLIT, $0-28
	MOVQ p+0(FP), SI
	MOVQ blocks+8(FP), CX
	MOVQ stops+16(FP), DI
	MOVL $0x22, AX
	VPBROADCASTB AX, Z0 // quote
	MOVL $0x5c, AX
	VPBROADCASTB AX, Z1 // backslash
	MOVL $0x20, AX
	VPBROADCASTB AX, Z2 // the first that is no control character
	VPXORQ Z4, Z4, Z4

loop512:
	TESTQ CX, CX
	JLE done512
	VMOVDQU64 (SI), Z5
	VPORQ Z5, Z4, Z4
	VPCMPEQB Z0, Z5, K1
	VPCMPEQB Z1, Z5, K2
	VPCMPUB $1, Z2, Z5, K3
	KORQ K1, K2, K1
	KORQ K1, K3, K1
	KMOVQ K1, (DI)
	ADDQ $64, SI
	ADDQ $8, DI
	DECQ CX
	JMP loop512

done512:
	VPMOVB2M Z4, K1
	KTESTQ K1, K1
	SETNE AX
	MOVBLZX AX, AX
	VZEROUPPER
	MOVL AX, high+24(FP)
	RET

// func unescapeAVX512(dst, src *byte, n int) int
TEXT ·unescapeAVX512(SB), NOSPLIT, $0-32
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ n+16(FP), CX
	MOVQ DI, R15
	MOVL $0x22, AX
	VPBROADCASTB AX, Z0 // quote
	MOVL $0x5c, AX
	VPBROADCASTB AX, Z1 // backslash
	MOVL $0x2f, AX
	VPBROADCASTB AX, Z2 // slash
	MOVQ $0xaaaaaaaaaaaaaaaa, R9
	XORQ R10, R10 // bit 0: the next character is escaped

block:
	MOVQ $-1, R11 // the characters there are
	CMPQ CX, $64
	JGE  full
	MOVQ $1, R11
	SHLQ CX, R11
	DECQ R11

full:
	KMOVQ R11, K1
	VMOVDQU8.Z (SI), K1, Z3
	VPCMPEQB Z1, Z3, K2
	VPCMPEQB Z0, Z3, K3
	VPCMPEQB Z2, Z3, K4
	KMOVQ K2, R8 // backslashes
	KORQ K2, K3, K3
	KORQ K3, K4, K4
	KMOVQ K4, R12 // what means itself behind a backslash

	// Which backslashes begin an escape, and what they escape: in a run of them
	// every other one does; runs that begin at odd and even places are told apart
	// by whether a subtraction carries through them.
	MOVQ R10, R13
	NOTQ R13
	ANDQ R8, R13 // may begin one
	MOVQ R13, R14
	SHLQ $1, R14
	ORQ  R9, R14
	SUBQ R13, R14
	XORQ R9, R14 // beginnings, and what they escape
	MOVQ R8, R13
	ORQ  R10, R13
	XORQ R14, R13 // escaped
	ANDQ R8, R14  // beginnings
	MOVQ R14, R10
	SHRQ $63, R10

	ANDQ R11, R13
	NOTQ R12
	TESTQ R12, R13
	JNE  other

	NOTQ R14
	ANDQ R11, R14
	KMOVQ R14, K2
	VPCOMPRESSB.Z Z3, K2, Z4
	VMOVDQU64 Z4, (DI)
	POPCNTQ R14, R14
	ADDQ R14, DI
	ADDQ $64, SI
	SUBQ $64, CX
	JG   block

	VZEROUPPER
	SUBQ R15, DI
	MOVQ DI, ret+24(FP)
	RET

other:
	VZEROUPPER
	MOVQ $-1, ret+24(FP)
	RET
