package org.consilium.models.checkpoint;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.consilium.models.params.ParameterLayout;
import org.consilium.models.params.TensorSpec;

/**
 * Where a checkpoint's tensor names come from. Each family is data: rules that turn its names into
 * timm's, names that carry nothing for an image encoder, and the epsilon of its normalisations. A
 * name ending in {@code #0} to {@code #2} is a part of that tensor's rows; {@code #t} is its
 * transpose.
 */
public enum Family {
  /** timm's names, which are ours. Its CLIP towers have epsilon 1e-5, all others 1e-6. */
  TIMM("timm", 1e-6f, List.of(), List.of()),

  /** Meta's own files of DINOv2, whole or in chunks, also out of a training run. */
  DINOV2(
      "dinov2",
      1e-6f,
      List.of(
          rename("^teacher\\.", ""),
          rename("^backbone\\.", ""),
          rename("^blocks\\.\\d+\\.(\\d+)\\.", "blocks.$1."),
          rename("^register_tokens$", "reg_token"),
          rename("\\.mlp\\.w12\\.", ".mlp.fc1."),
          rename("\\.mlp\\.w3\\.", ".mlp.fc2.")),
      List.of("(teacher\\.)?(backbone\\.)?mask_token", "teacher\\.(dino|ibot)_head\\..+")),

  /** Masked autoencoders, also RETFound: the decoder is dropped. */
  MAE(
      "mae",
      1e-6f,
      List.of(rename("^model\\.", "")),
      List.of("(model\\.)?mask_token", "(model\\.)?decoder_.+")),

  /** The Hugging Face library's {@code ViTModel} and {@code ViTForImageClassification}. */
  HF_VIT(
      "hf-vit",
      1e-12f,
      List.of(
          rename("^vit\\.", ""),
          rename("^embeddings\\.cls_token$", "cls_token"),
          rename("^embeddings\\.position_embeddings$", "pos_embed"),
          rename("^embeddings\\.patch_embeddings\\.projection\\.", "patch_embed.proj."),
          rename("^encoder\\.layer\\.", "blocks."),
          rename("\\.layernorm_before\\.", ".norm1."),
          rename("\\.layernorm_after\\.", ".norm2."),
          rename("\\.attention\\.attention\\.query\\.(weight|bias)$", ".attn.qkv.$1#0"),
          rename("\\.attention\\.attention\\.key\\.(weight|bias)$", ".attn.qkv.$1#1"),
          rename("\\.attention\\.attention\\.value\\.(weight|bias)$", ".attn.qkv.$1#2"),
          rename("\\.attention\\.output\\.dense\\.", ".attn.proj."),
          rename("\\.intermediate\\.dense\\.", ".mlp.fc1."),
          rename("\\.output\\.dense\\.", ".mlp.fc2."),
          rename("^layernorm\\.", "norm."),
          rename("^classifier\\.", "head.")),
      List.of("(vit\\.)?pooler\\..+", "(vit\\.)?embeddings\\.mask_token")),

  /** The Hugging Face library's {@code Dinov2Model}, with and without registers. */
  HF_DINOV2(
      "hf-dinov2",
      1e-6f,
      List.of(
          rename("^dinov2(_with_registers)?\\.", ""),
          rename("^embeddings\\.cls_token$", "cls_token"),
          rename("^embeddings\\.register_tokens$", "reg_token"),
          rename("^embeddings\\.position_embeddings$", "pos_embed"),
          rename("^embeddings\\.patch_embeddings\\.projection\\.", "patch_embed.proj."),
          rename("^encoder\\.layer\\.", "blocks."),
          rename("\\.attention\\.attention\\.query\\.(weight|bias)$", ".attn.qkv.$1#0"),
          rename("\\.attention\\.attention\\.key\\.(weight|bias)$", ".attn.qkv.$1#1"),
          rename("\\.attention\\.attention\\.value\\.(weight|bias)$", ".attn.qkv.$1#2"),
          rename("\\.attention\\.output\\.dense\\.", ".attn.proj."),
          rename("\\.layer_scale([12])\\.lambda1$", ".ls$1.gamma"),
          rename("\\.mlp\\.weights_in\\.", ".mlp.fc1."),
          rename("\\.mlp\\.weights_out\\.", ".mlp.fc2."),
          rename("^layernorm\\.", "norm."),
          rename("^classifier\\.", "head.")),
      List.of("(dinov2(_with_registers)?\\.)?embeddings\\.mask_token")),

  /** The image tower of OpenAI's and open_clip's models; its head is the projection. */
  OPEN_CLIP(
      "open-clip",
      1e-5f,
      List.of(
          rename("^visual\\.conv1\\.", "patch_embed.proj."),
          rename("^visual\\.class_embedding$", "cls_token"),
          rename("^visual\\.positional_embedding$", "pos_embed"),
          rename("^visual\\.ln_pre\\.", "norm_pre."),
          rename("^visual\\.ln_post\\.", "norm."),
          rename("^visual\\.proj$", "head.weight#t"),
          rename("^visual\\.transformer\\.resblocks\\.(\\d+)\\.", "blocks.$1."),
          rename("^(blocks\\.\\d+)\\.ln_([12])\\.", "$1.norm$2."),
          rename("^(blocks\\.\\d+)\\.attn\\.in_proj_", "$1.attn.qkv."),
          rename("^(blocks\\.\\d+)\\.attn\\.out_proj\\.", "$1.attn.proj."),
          rename("^(blocks\\.\\d+)\\.mlp\\.c_fc\\.", "$1.mlp.fc1."),
          rename("^(blocks\\.\\d+)\\.mlp\\.c_proj\\.", "$1.mlp.fc2.")),
      List.of(
          "positional_embedding",
          "text_projection",
          "logit_scale",
          "logit_bias",
          "token_embedding\\.weight",
          "transformer\\.resblocks\\..+",
          "ln_final\\.(weight|bias)",
          "text\\..+",
          // Numbers of OpenAI's own export.
          "input_resolution|context_length|vocab_size")),

  /** BiomedCLIP: a timm tower under a prefix, a projection, and a text tower that is dropped. */
  BIOMED_CLIP(
      "biomed-clip",
      1e-6f,
      List.of(
          rename("^visual\\.trunk\\.", ""),
          rename("^visual\\.head\\.proj\\.weight$", "head.weight")),
      List.of("text\\..+", "logit_scale")),

  /** ConvNeXt's and ConvNeXt V2's original files. */
  CONVNEXT(
      "convnext",
      1e-6f,
      List.of(
          rename("^downsample_layers\\.0\\.", "stem."),
          rename("^downsample_layers\\.(\\d+)\\.", "stages.$1.downsample."),
          rename("^stages\\.(\\d+)\\.(\\d+)\\.", "stages.$1.blocks.$2."),
          rename("\\.dwconv\\.", ".conv_dw."),
          rename("\\.pwconv([12])\\.", ".mlp.fc$1."),
          rename("\\.grn\\.gamma$", ".mlp.grn.weight"),
          rename("\\.grn\\.beta$", ".mlp.grn.bias"),
          rename("^head\\.", "head.fc."),
          rename("^norm\\.", "head.norm.")),
      List.of());

  /** One step from a name towards ours. */
  private record Rename(Pattern from, String to) {}

  private final String key;
  private final float epsilon;

  @SuppressWarnings("ImmutableEnumChecker") // a list that cannot be written to
  private final List<Rename> renames;

  @SuppressWarnings("ImmutableEnumChecker") // the same
  private final List<Pattern> ignored;

  Family(String key, float epsilon, List<Rename> renames, List<String> ignored) {
    this.key = key;
    this.epsilon = epsilon;
    this.renames = renames;
    this.ignored = ignored.stream().map(Pattern::compile).toList();
  }

  /** What options and reports call it. */
  public String key() {
    return key;
  }

  /** What its normalisations add to the variance. */
  public float epsilon() {
    return epsilon;
  }

  /** The family of a key. */
  public static Optional<Family> named(String key) {
    return Arrays.stream(values()).filter(family -> family.key.equals(key)).findFirst();
  }

  /** The family that a file's names look like; a guess to be shown, not one to be relied on. */
  public static Optional<Family> guess(ParameterLayout layout) {
    List<String> names = layout.tensors().stream().map(TensorSpec::name).toList();
    return MARKS.stream()
        .filter(mark -> names.stream().anyMatch(name -> mark.name().matcher(name).find()))
        .map(Mark::family)
        .findFirst();
  }

  boolean ignores(String name) {
    return ignored.stream().anyMatch(pattern -> pattern.matcher(name).matches());
  }

  /** Our name, with what part of the tensor it is. */
  String ours(String name) {
    String ours = name;
    for (Rename rename : renames) {
      ours = rename.from().matcher(ours).replaceFirst(rename.to());
    }
    return ours;
  }

  private record Mark(Pattern name, Family family) {}

  /** Names that only one family has, the most telling first. */
  private static final List<Mark> MARKS =
      List.of(
          new Mark(Pattern.compile("^visual\\.trunk\\."), BIOMED_CLIP),
          new Mark(Pattern.compile("^visual\\.conv1\\.weight$"), OPEN_CLIP),
          new Mark(Pattern.compile("\\.layernorm_before\\."), HF_VIT),
          new Mark(Pattern.compile("\\.layer_scale1\\.lambda1$"), HF_DINOV2),
          new Mark(Pattern.compile("^downsample_layers\\.0\\."), CONVNEXT),
          new Mark(Pattern.compile("decoder_pred\\.weight$"), MAE),
          new Mark(Pattern.compile("(^|\\.)(mask_token|register_tokens)$"), DINOV2),
          new Mark(Pattern.compile("^(patch_embed\\.proj|stem\\.0)\\.weight$"), TIMM));

  private static Rename rename(String from, String to) {
    return new Rename(Pattern.compile(from), to);
  }
}
