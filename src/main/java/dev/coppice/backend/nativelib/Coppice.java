// SPDX-License-Identifier: Apache-2.0
package dev.coppice.backend.nativelib;

import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.annotation.Cast;
import org.bytedeco.javacpp.annotation.NoException;
import org.bytedeco.javacpp.annotation.Platform;

/**
 * The functions of {@code coppice.h}, one each, same names, same order; every pointer is an
 * address. No logic: the checks, and the meaning of the status, are in the caller.
 */
@Platform(
    value = "linux-x86_64",
    include = "coppice/coppice.h",
    link = "coppice",
    preload = {"gomp@.1", "quadmath@.0", "gfortran@.5", "openblas@.0"},
    preloadresource = "/org/bytedeco/openblas/")
@NoException
public final class Coppice {
  static {
    // Both must be set before JavaCPP's Pointer is initialised: it would cap native memory by the
    // Java heap.
    if (System.getProperty("org.bytedeco.javacpp.maxBytes") == null) {
      System.setProperty("org.bytedeco.javacpp.maxBytes", "0");
    }
    if (System.getProperty("org.bytedeco.javacpp.maxPhysicalBytes") == null) {
      System.setProperty("org.bytedeco.javacpp.maxPhysicalBytes", "0");
    }
    Loader.load();
  }

  private Coppice() {}

  public static native String cop_last_error();

  public static native String cop_build_info();

  public static native int cop_context_create(
      int device, int threads, @Cast("cop_context**") long out);

  public static native String cop_context_description(@Cast("const cop_context*") long ctx);

  public static native int cop_context_destroy(@Cast("cop_context*") long ctx);

  public static native int cop_context_live_bytes(
      @Cast("const cop_context*") long ctx, @Cast("int64_t*") long out);

  public static native int cop_sync(@Cast("cop_context*") long ctx);

  public static native int cop_context_stream(
      @Cast("cop_context*") long ctx, @Cast("void**") long out);

  public static native int cop_alloc(
      @Cast("cop_context*") long ctx, @Cast("int64_t") long bytes, @Cast("void**") long out);

  public static native int cop_free(
      @Cast("cop_context*") long ctx, @Cast("void*") long ptr, @Cast("int64_t") long bytes);

  public static native int cop_upload(
      @Cast("cop_context*") long ctx,
      @Cast("void*") long dst,
      @Cast("const void*") long src,
      @Cast("int64_t") long bytes);

  public static native int cop_download(
      @Cast("cop_context*") long ctx,
      @Cast("void*") long dst,
      @Cast("const void*") long src,
      @Cast("int64_t") long bytes);

  public static native int cop_copy(
      @Cast("cop_context*") long ctx,
      @Cast("void*") long dst,
      @Cast("const void*") long src,
      @Cast("int64_t") long bytes);

  public static native int cop_fill(
      @Cast("cop_context*") long ctx,
      @Cast("float*") long dst,
      float value,
      @Cast("int64_t") long count);

  public static native int cop_map_file(
      String path, @Cast("void**") long out, @Cast("int64_t*") long bytes);

  public static native int cop_unmap_file(@Cast("void*") long address, @Cast("int64_t") long bytes);

  public static native int cop_advise_file(
      @Cast("void*") long address, @Cast("int64_t") long bytes, int advice);

  public static native int cop_fault_arm(String point, int n, int status);

  public static native int cop_step_write(
      @Cast("cop_context*") long ctx,
      @Cast("cop_step*") long step,
      int rows,
      @Cast("int64_t") long number,
      float lr,
      float beta1,
      float beta2);

  public static native int cop_step_use(
      @Cast("cop_context*") long ctx, int T, @Cast("const cop_step*") long step);

  public static native int cop_graph_begin(@Cast("cop_context*") long ctx);

  public static native int cop_graph_end(
      @Cast("cop_context*") long ctx, @Cast("cop_graph**") long out);

  public static native int cop_graph_launch(
      @Cast("cop_context*") long ctx, @Cast("cop_graph*") long graph);

  public static native int cop_graph_free(
      @Cast("cop_context*") long ctx, @Cast("cop_graph*") long graph);

  public static native int cop_gemm(
      @Cast("cop_context*") long ctx,
      int transA,
      int transB,
      int m,
      int n,
      int k,
      float alpha,
      @Cast("const float*") long a,
      @Cast("const void*") long b,
      int bDtype,
      float beta,
      @Cast("float*") long c);

  public static native int cop_axpy(
      @Cast("cop_context*") long ctx,
      @Cast("int64_t") long N,
      float alpha,
      @Cast("const float*") long x,
      @Cast("float*") long y);

  public static native int cop_scale(
      @Cast("cop_context*") long ctx, @Cast("int64_t") long N, float alpha, @Cast("float*") long x);

  public static native int cop_convert(
      @Cast("cop_context*") long ctx,
      @Cast("int64_t") long N,
      @Cast("const void*") long src,
      int srcDtype,
      @Cast("float*") long dst);

  public static native int cop_round_bf16(
      @Cast("cop_context*") long ctx,
      @Cast("int64_t") long N,
      @Cast("const float*") long src,
      @Cast("uint16_t*") long dst);

  public static native int cop_dropout_forward(
      @Cast("cop_context*") long ctx,
      int T,
      int D,
      @Cast("const float*") long x,
      float p,
      @Cast("int64_t") long seed,
      int step,
      int site,
      @Cast("int64_t") long first,
      @Cast("float*") long y);

  public static native int cop_bias_forward(
      @Cast("cop_context*") long ctx,
      int T,
      int D,
      @Cast("const float*") long bias,
      @Cast("float*") long x);

  public static native int cop_bias_backward(
      @Cast("cop_context*") long ctx,
      int T,
      int D,
      @Cast("const float*") long dy,
      @Cast("float*") long dbias);

  public static native int cop_bias_relu_forward(
      @Cast("cop_context*") long ctx,
      int T,
      int D,
      @Cast("const float*") long x,
      @Cast("const float*") long bias,
      @Cast("float*") long y);

  public static native int cop_bias_relu_backward(
      @Cast("cop_context*") long ctx,
      int T,
      int D,
      @Cast("const float*") long dy,
      @Cast("const float*") long y,
      @Cast("float*") long dx,
      @Cast("float*") long dbias);

  public static native int cop_bias_relu_forward_jvp(
      @Cast("cop_context*") long ctx,
      int T,
      int D,
      @Cast("const float*") long xDot,
      @Cast("const float*") long biasDot,
      @Cast("const float*") long y,
      @Cast("float*") long yDot);

  public static native int cop_embedding_forward(
      @Cast("cop_context*") long ctx,
      int T,
      int D,
      int V,
      @Cast("const int32_t*") long ids,
      @Cast("const void*") long table,
      int tableDtype,
      int accumulate,
      @Cast("float*") long out);

  public static native int cop_embedding_backward(
      @Cast("cop_context*") long ctx,
      int R,
      int D,
      int V,
      @Cast("const int32_t*") long rows,
      @Cast("const int32_t*") long segments,
      @Cast("const int32_t*") long order,
      @Cast("const float*") long coef,
      @Cast("const float*") long src,
      @Cast("float*") long dtable);

  public static native int cop_residual_layer_norm_forward(
      @Cast("cop_context*") long ctx,
      int T,
      int D,
      @Cast("const float*") long x,
      @Cast("const float*") long bias,
      @Cast("const float*") long residual,
      @Cast("const float*") long gamma,
      @Cast("const float*") long beta,
      float eps,
      float p,
      @Cast("int64_t") long seed,
      int step,
      int site,
      @Cast("int64_t") long first,
      @Cast("float*") long y,
      @Cast("float*") long xhat,
      @Cast("float*") long rstd);

  public static native int cop_residual_layer_norm_backward(
      @Cast("cop_context*") long ctx,
      int T,
      int D,
      @Cast("const float*") long dy,
      @Cast("const float*") long xhat,
      @Cast("const float*") long rstd,
      @Cast("const float*") long gamma,
      float p,
      @Cast("int64_t") long seed,
      int step,
      int site,
      @Cast("int64_t") long first,
      @Cast("float*") long ds,
      @Cast("float*") long dx,
      @Cast("float*") long dgamma,
      @Cast("float*") long dbeta,
      @Cast("float*") long dbias);

  public static native int cop_residual_layer_norm_forward_jvp(
      @Cast("cop_context*") long ctx,
      int T,
      int D,
      @Cast("const float*") long sDot,
      @Cast("const float*") long xhat,
      @Cast("const float*") long rstd,
      @Cast("const float*") long gamma,
      @Cast("const float*") long gammaDot,
      @Cast("const float*") long betaDot,
      @Cast("float*") long yDot,
      @Cast("float*") long xhatDot,
      @Cast("float*") long rstdDot);

  public static native int cop_residual_layer_norm_backward_jvp(
      @Cast("cop_context*") long ctx,
      int T,
      int D,
      @Cast("const float*") long dy,
      @Cast("const float*") long dyDot,
      @Cast("const float*") long xhat,
      @Cast("const float*") long xhatDot,
      @Cast("const float*") long rstd,
      @Cast("const float*") long rstdDot,
      @Cast("const float*") long gamma,
      @Cast("const float*") long gammaDot,
      @Cast("float*") long dsDot,
      @Cast("float*") long dgammaDot,
      @Cast("float*") long dbetaDot);

  public static native int cop_attention_forward(
      @Cast("cop_context*") long ctx,
      int B,
      int H,
      int G,
      int C,
      @Cast("const int32_t*") long offsets,
      @Cast("const float*") long q,
      @Cast("const float*") long k,
      @Cast("const float*") long v,
      float scale,
      float cap,
      int window,
      float p,
      @Cast("int64_t") long seed,
      int step,
      int site,
      @Cast("const int32_t*") long triangles,
      @Cast("float*") long out,
      @Cast("float*") long lse);

  public static native int cop_attention_backward(
      @Cast("cop_context*") long ctx,
      int B,
      int H,
      int G,
      int C,
      @Cast("const int32_t*") long offsets,
      @Cast("const float*") long q,
      @Cast("const float*") long k,
      @Cast("const float*") long v,
      @Cast("const float*") long out,
      @Cast("const float*") long lse,
      @Cast("const float*") long dout,
      float scale,
      float cap,
      int window,
      float p,
      @Cast("int64_t") long seed,
      int step,
      int site,
      @Cast("const int32_t*") long triangles,
      @Cast("float*") long dq,
      @Cast("float*") long dk,
      @Cast("float*") long dv);

  public static native int cop_attention_forward_jvp(
      @Cast("cop_context*") long ctx,
      int B,
      int H,
      int G,
      int C,
      @Cast("const int32_t*") long offsets,
      @Cast("const float*") long q,
      @Cast("const float*") long k,
      @Cast("const float*") long v,
      @Cast("const float*") long qDot,
      @Cast("const float*") long kDot,
      @Cast("const float*") long vDot,
      @Cast("const float*") long out,
      @Cast("const float*") long lse,
      float scale,
      @Cast("float*") long outDot,
      @Cast("float*") long lseDot);

  public static native int cop_attention_backward_jvp(
      @Cast("cop_context*") long ctx,
      int B,
      int H,
      int G,
      int C,
      @Cast("const int32_t*") long offsets,
      @Cast("const float*") long q,
      @Cast("const float*") long k,
      @Cast("const float*") long v,
      @Cast("const float*") long qDot,
      @Cast("const float*") long kDot,
      @Cast("const float*") long vDot,
      @Cast("const float*") long out,
      @Cast("const float*") long outDot,
      @Cast("const float*") long lse,
      @Cast("const float*") long lseDot,
      @Cast("const float*") long dout,
      @Cast("const float*") long doutDot,
      float scale,
      @Cast("float*") long dqDot,
      @Cast("float*") long dkDot,
      @Cast("float*") long dvDot);

  public static native int cop_sampled_bce_forward(
      @Cast("cop_context*") long ctx,
      int T,
      int D,
      int V,
      @Cast("const float*") long h,
      @Cast("const float*") long table,
      @Cast("const int32_t*") long positives,
      @Cast("const int32_t*") long negatives,
      @Cast("const float*") long w,
      @Cast("float*") long loss,
      @Cast("float*") long dpos,
      @Cast("float*") long dneg,
      @Cast("float*") long dh);

  public static native int cop_sampled_bce_jvp(
      @Cast("cop_context*") long ctx,
      int T,
      int D,
      int V,
      @Cast("const float*") long h,
      @Cast("const float*") long hDot,
      @Cast("const float*") long table,
      @Cast("const float*") long tableDot,
      @Cast("const int32_t*") long positives,
      @Cast("const int32_t*") long negatives,
      @Cast("const float*") long w,
      @Cast("float*") long lossDot,
      @Cast("float*") long dposDot,
      @Cast("float*") long dnegDot,
      @Cast("float*") long dhDot);

  public static native int cop_sampled_bce_backward(
      @Cast("cop_context*") long ctx,
      int T,
      int D,
      int V,
      @Cast("const float*") long dpos,
      @Cast("const float*") long dneg,
      @Cast("const float*") long table,
      @Cast("const int32_t*") long positives,
      @Cast("const int32_t*") long negatives,
      @Cast("float*") long dh);

  public static native int cop_adam_step(
      @Cast("cop_context*") long ctx,
      @Cast("int64_t") long N,
      @Cast("float*") long param,
      @Cast("const float*") long grad,
      @Cast("float*") long m,
      @Cast("float*") long v,
      float lr,
      float beta1,
      float beta2,
      float eps,
      @Cast("int64_t") long step);

  public static native int cop_segment_sum(
      @Cast("cop_context*") long ctx,
      int B,
      @Cast("const int32_t*") long offsets,
      @Cast("const float*") long values,
      @Cast("const float*") long weights,
      @Cast("float*") long out);

  public static native int cop_segment_dot(
      @Cast("cop_context*") long ctx,
      int B,
      int D,
      @Cast("const int32_t*") long offsets,
      @Cast("const float*") long x,
      @Cast("const float*") long y,
      @Cast("float*") long out);

  public static native int cop_linear_grad_sqnorm(
      @Cast("cop_context*") long ctx,
      int B,
      int I,
      int O,
      @Cast("const int32_t*") long offsets,
      @Cast("const float*") long act,
      @Cast("const float*") long delta,
      @Cast("float*") long out);

  public static native int cop_linear_grad_squares(
      @Cast("cop_context*") long ctx,
      int B,
      int I,
      int O,
      @Cast("const int32_t*") long offsets,
      @Cast("const float*") long act,
      @Cast("const float*") long delta,
      @Cast("float*") long out);

  public static native int cop_row_outer(
      @Cast("cop_context*") long ctx,
      int T,
      int I,
      int O,
      @Cast("const float*") long act,
      @Cast("const float*") long delta,
      @Cast("float*") long out);

  public static native int cop_dense_tail_hvp(
      @Cast("cop_context*") long ctx,
      int T,
      int D,
      int V,
      int gaussNewton,
      @Cast("const float*") long x,
      @Cast("const float*") long middleXhat,
      @Cast("const float*") long middleRstd,
      @Cast("const float*") long middleGamma,
      @Cast("const float*") long first,
      @Cast("const float*") long firstWeight,
      @Cast("const float*") long second,
      @Cast("const float*") long secondWeight,
      @Cast("const float*") long hidden,
      @Cast("const float*") long outXhat,
      @Cast("const float*") long outRstd,
      @Cast("const float*") long outGamma,
      @Cast("const float*") long table,
      @Cast("const int32_t*") long positives,
      @Cast("const int32_t*") long negatives,
      @Cast("const float*") long w,
      @Cast("const float*") long dhidden,
      @Cast("const float*") long dmiddle,
      @Cast("const float*") long direction,
      @Cast("float*") long out);

  public static native int cop_dense_tail_curvature(
      @Cast("cop_context*") long ctx,
      int T,
      int D,
      int V,
      int gaussNewton,
      @Cast("const float*") long middleXhat,
      @Cast("const float*") long middleRstd,
      @Cast("const float*") long middleGamma,
      @Cast("const float*") long first,
      @Cast("const float*") long firstWeight,
      @Cast("const float*") long second,
      @Cast("const float*") long secondWeight,
      @Cast("const float*") long hidden,
      @Cast("const float*") long outXhat,
      @Cast("const float*") long outRstd,
      @Cast("const float*") long outGamma,
      @Cast("const float*") long table,
      @Cast("const int32_t*") long positives,
      @Cast("const int32_t*") long negatives,
      @Cast("const float*") long w,
      @Cast("const float*") long dhidden,
      @Cast("const float*") long dmiddle,
      @Cast("float*") long out);

  public static native int cop_dense_tail_lissa(
      @Cast("cop_context*") long ctx,
      int T,
      int D,
      int V,
      int gaussNewton,
      @Cast("const float*") long x,
      @Cast("const float*") long middleXhat,
      @Cast("const float*") long middleRstd,
      @Cast("const float*") long middleGamma,
      @Cast("const float*") long first,
      @Cast("const float*") long firstWeight,
      @Cast("const float*") long second,
      @Cast("const float*") long secondWeight,
      @Cast("const float*") long hidden,
      @Cast("const float*") long outXhat,
      @Cast("const float*") long outRstd,
      @Cast("const float*") long outGamma,
      @Cast("const float*") long table,
      @Cast("const int32_t*") long positives,
      @Cast("const int32_t*") long negatives,
      @Cast("const float*") long w,
      @Cast("const float*") long dhidden,
      @Cast("const float*") long dmiddle,
      int steps,
      int batch,
      @Cast("const int32_t*") long ranges,
      float damp,
      float rate,
      @Cast("const float*") long g,
      @Cast("float*") long h,
      @Cast("float*") long norms);

  public static native int cop_row_square(
      @Cast("cop_context*") long ctx,
      int T,
      int D,
      @Cast("const float*") long x,
      @Cast("float*") long out);

  public static native int cop_item_topk(
      @Cast("cop_context*") long ctx,
      int U,
      int D,
      int V,
      int K,
      @Cast("const float*") long h,
      @Cast("const float*") long table,
      @Cast("const int32_t*") long maskOffsets,
      @Cast("const int32_t*") long maskIds,
      @Cast("int32_t*") long ids);

  public static native int cop_rms_norm_forward(
      @Cast("cop_context*") long ctx,
      int T,
      int D,
      @Cast("const float*") long x,
      @Cast("const float*") long weight,
      float eps,
      @Cast("float*") long y,
      @Cast("float*") long rstd);

  public static native int cop_rms_norm_backward(
      @Cast("cop_context*") long ctx,
      int T,
      int D,
      @Cast("const float*") long dy,
      @Cast("const float*") long x,
      @Cast("const float*") long rstd,
      @Cast("const float*") long weight,
      int accumulate,
      @Cast("float*") long dx);

  public static native int cop_rope_forward(
      @Cast("cop_context*") long ctx,
      int T,
      int H,
      int C,
      int R,
      int P,
      @Cast("const int32_t*") long positions,
      @Cast("const float*") long cosines,
      @Cast("const float*") long sines,
      int inverse,
      @Cast("float*") long x);

  public static native int cop_swiglu_forward(
      @Cast("cop_context*") long ctx,
      @Cast("int64_t") long N,
      @Cast("const float*") long gate,
      @Cast("const float*") long up,
      @Cast("float*") long out);

  public static native int cop_swiglu_backward(
      @Cast("cop_context*") long ctx,
      @Cast("int64_t") long N,
      @Cast("const float*") long dout,
      @Cast("const float*") long gate,
      @Cast("const float*") long up,
      @Cast("float*") long dgate,
      @Cast("float*") long dup);

  public static native int cop_geglu_forward(
      @Cast("cop_context*") long ctx,
      @Cast("int64_t") long N,
      @Cast("const float*") long gate,
      @Cast("const float*") long up,
      @Cast("float*") long out);

  public static native int cop_geglu_backward(
      @Cast("cop_context*") long ctx,
      @Cast("int64_t") long N,
      @Cast("const float*") long dout,
      @Cast("const float*") long gate,
      @Cast("const float*") long up,
      @Cast("float*") long dgate,
      @Cast("float*") long dup);

  public static native int cop_cross_entropy(
      @Cast("cop_context*") long ctx,
      int T,
      int V,
      float cap,
      @Cast("const int32_t*") long targets,
      @Cast("const float*") long w,
      @Cast("float*") long logits,
      @Cast("float*") long loss);

  public static native int cop_symmetric_solve(
      @Cast("cop_context*") long ctx,
      int n,
      @Cast("double*") long a,
      @Cast("double*") long b,
      @Cast("int32_t*") long definite);
}
