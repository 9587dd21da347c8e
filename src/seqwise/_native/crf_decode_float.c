/* The best path of a linear-chain CRF in float. */

#define number float
#define mask_number int32_t /* what a comparison of two numbers gives */
#define DECODE seqwise_crf_decode_float

#include "crf_decode.h"
