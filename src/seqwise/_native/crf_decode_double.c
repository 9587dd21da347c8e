/* The best path of a linear-chain CRF in double. */

#define number double
#define mask_number int64_t /* what a comparison of two numbers gives */
#define DECODE seqwise_crf_decode_double

#include "crf_decode.h"
