#include "textflag.h"

// func classifyAVX2(p *byte, blocks int, quotes, slashes, controls *uint64) (high uint32)
TEXT ·classifyAVX2(SB), NOSPLIT, $0-44
	MOVQ p+0(FP), SI
	MOVQ blocks+8(FP), CX
	MOVQ quotes+16(FP), DI
	MOVQ slashes+24(FP), BX
	MOVQ controls+32(FP), DX
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
	VPCMPEQB Y0, Y6, Y8
	VPMOVMSKB Y7, R8
	VPMOVMSKB Y8, R9
	SHLQ $32, R9
	ORQ R9, R8
	MOVQ R8, (DI)
	VPCMPEQB Y1, Y5, Y7
	VPCMPEQB Y1, Y6, Y8
	VPMOVMSKB Y7, R8
	VPMOVMSKB Y8, R9
	SHLQ $32, R9
	ORQ R9, R8
	MOVQ R8, (BX)
	VPMINUB Y2, Y5, Y7
	VPMINUB Y2, Y6, Y8
	VPCMPEQB Y5, Y7, Y7
	VPCMPEQB Y6, Y8, Y8
	VPMOVMSKB Y7, R8
	VPMOVMSKB Y8, R9
	SHLQ $32, R9
	ORQ R9, R8
	MOVQ R8, (DX)
	ADDQ $64, SI
	ADDQ $8, DI
	ADDQ $8, BX
	ADDQ $8, DX
	DECQ CX
	JMP loop

done:
	VPMOVMSKB Y4, AX
	VZEROUPPER
	MOVL AX, high+40(FP)
	RET

DATA ·places<>+0(SB)/8, $0x0706050403020100
DATA ·places<>+8(SB)/8, $0x0f0e0d0c0b0a0908
DATA ·places<>+16(SB)/8, $0x1716151413121110
DATA ·places<>+24(SB)/8, $0x1f1e1d1c1b1a1918
DATA ·places<>+32(SB)/8, $0x2726252423222120
DATA ·places<>+40(SB)/8, $0x2f2e2d2c2b2a2928
DATA ·places<>+48(SB)/8, $0x3736353433323130
DATA ·places<>+56(SB)/8, $0x3f3e3d3c3b3a3938
GLOBL ·places<>(SB), RODATA|NOPTR, $64

// func indexAVX512(p *byte, blocks int, stops, slashes *uint64, before *uint32, marks *uint16, done *progress) (high uint32)
TEXT ·indexAVX512(SB), NOSPLIT, $0-60
	MOVQ p+0(FP), SI
	MOVQ blocks+8(FP), CX
	MOVQ stops+16(FP), DI
	MOVQ slashes+24(FP), BX
	MOVQ before+32(FP), DX
	MOVQ marks+40(FP), R15
	MOVQ done+48(FP), AX
	MOVQ 16(AX), R11 // backslashes before
	MOVQ 24(AX), R12 // bit 0: the next character is escaped
	MOVQ 0(AX), R13 // blocks before
	SHLQ $6, R13
	VPBROADCASTW R13, Z9 // where the block begins
	MOVL $64, R13
	VPBROADCASTW R13, Z8
	MOVL $0x22, AX
	VPBROADCASTB AX, Z0 // quote
	MOVL $0x5c, AX
	VPBROADCASTB AX, Z1 // backslash
	MOVL $0x20, AX
	VPBROADCASTB AX, Z2 // the first that is no control character
	VMOVDQU64 ·places<>(SB), Z3
	VPXORQ Z4, Z4, Z4
	MOVQ $0xaaaaaaaaaaaaaaaa, R14

loop512:
	TESTQ CX, CX
	JLE done512
	VMOVDQU64 (SI), Z5
	VPORQ Z5, Z4, Z4
	VPCMPEQB Z0, Z5, K1
	VPCMPEQB Z1, Z5, K2
	VPCMPUB $1, Z2, Z5, K3
	KMOVQ K2, R8 // backslashes
	KORQ K1, K3, K4
	KORQ K4, K2, K4
	KMOVQ K4, (DI)
	MOVQ R8, (BX)
	MOVL R11, (DX)
	POPCNTQ R8, R9
	ADDQ R9, R11

	// As in finish: which backslashes begin an escape, and what they escape.
	MOVQ R12, R9
	NOTQ R9
	ANDQ R8, R9 // may begin one
	MOVQ R9, R10
	SHLQ $1, R10
	ORQ  R14, R10
	SUBQ R9, R10
	XORQ R14, R10 // beginnings, and what they escape
	MOVQ R8, R9
	ORQ  R12, R9
	XORQ R10, R9 // escaped
	ANDQ R8, R10 // beginnings
	MOVQ R10, R12
	SHRQ $63, R12

	KMOVQ R9, K2
	KANDNQ K1, K2, K1 // quotes that are not escaped
	KORQ K1, K3, K1
	KMOVQ K1, R9
	VPCOMPRESSB.Z Z3, K1, Z6
	VPMOVZXBW Y6, Z7
	VPADDW Z9, Z7, Z7
	VMOVDQU64 Z7, (R15)
	POPCNTQ R9, R9
	CMPQ R9, $32
	JLE few
	VEXTRACTI64X4 $1, Z6, Y6
	VPMOVZXBW Y6, Z7
	VPADDW Z9, Z7, Z7
	VMOVDQU64 Z7, 64(R15)

few:
	LEAQ (R15)(R9*2), R15
	VPADDW Z8, Z9, Z9
	ADDQ $64, SI
	ADDQ $8, DI
	ADDQ $8, BX
	ADDQ $4, DX
	DECQ CX
	JMP loop512

done512:
	MOVQ done+48(FP), AX
	MOVQ R11, 16(AX)
	MOVQ R12, 24(AX)
	MOVQ blocks+8(FP), CX
	ADDQ CX, 0(AX)
	SUBQ marks+40(FP), R15
	SHRQ $1, R15
	ADDQ R15, 8(AX)
	VPMOVB2M Z4, K1
	KTESTQ K1, K1
	SETNE AX
	MOVBLZX AX, AX
	VZEROUPPER
	MOVL AX, high+56(FP)
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
