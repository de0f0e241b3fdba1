package org.consilium.models.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import org.consilium.models.catalog.Architecture;
import org.consilium.models.catalog.ConvNeXt;
import org.consilium.models.catalog.MaskedAutoencoder;
import org.consilium.models.catalog.VisionTransformer;
import org.consilium.models.catalog.VisionTransformer.Activation;
import org.consilium.models.catalog.VisionTransformer.Body;
import org.consilium.models.catalog.VisionTransformer.Image;
import org.consilium.models.catalog.VisionTransformer.Shape;
import org.consilium.models.catalog.VisionTransformer.Tokens;
import org.consilium.models.catalog.VisionTransformer.Variant;
import org.consilium.models.checkpoint.Checkpoint.Wanted;
import org.consilium.models.checkpoint.CheckpointRefused.Reason;
import org.consilium.models.params.SafetensorsFile;
import org.consilium.protocol.ModelSpec;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files in foreign names, made from known values; the names are those of each library's source. */
class CheckpointTest {
  private static final Image IMAGE = new Image(1, 16, 16, 4);
  private static final Body BODY = Body.of(8, 2, 2, 4);
  private static final Variant SCALED = Variant.PLAIN.scaled(1e-5);
  private static final Variant CLIP =
      new Variant(true, OptionalDouble.empty(), true, Activation.QUICK_GELU, false, 1e-5f);

  @TempDir Path folder;

  @Test
  void open_timmFile_givesEveryValueWhereverReadingBegins() throws IOException {
    VisionTransformer model = model(Tokens.CLASS, Variant.PLAIN, 3);
    ForeignFile file = ForeignFile.of(model.layout(), 1);

    requireEqual(file, file, model, Wanted.all(Family.TIMM));
  }

  @Test
  void open_huggingFaceVit_joinsQueryKeyAndValue() throws IOException {
    VisionTransformer model = model(Tokens.CLASS, Variant.PLAIN.epsilon(1e-12f), 3);
    ForeignFile known = ForeignFile.of(model.layout(), 2);
    ForeignFile foreign =
        split(ForeignFile.of(model.layout(), 2))
            .renamed(
                name ->
                    (name.startsWith("head") ? "" : "vit.")
                        + name.replace("cls_token", "embeddings.cls_token")
                            .replace("pos_embed", "embeddings.position_embeddings")
                            .replace("patch_embed.proj", "embeddings.patch_embeddings.projection")
                            .replace("blocks.", "encoder.layer.")
                            .replace("norm1", "layernorm_before")
                            .replace("norm2", "layernorm_after")
                            .replace("attn.proj", "attention.output.dense")
                            .replace("mlp.fc1", "intermediate.dense")
                            .replace("mlp.fc2", "output.dense")
                            .replaceAll("^norm\\.", "layernorm.")
                            .replace("head.", "classifier."))
            .put("vit.pooler.dense.bias", List.of(8), new float[8]);

    requireEqual(foreign, known, model, Wanted.all(Family.HF_VIT));
  }

  @Test
  void open_huggingFaceDinoV2_mapsLayerScaleAndMask() throws IOException {
    VisionTransformer model = model(Tokens.CLASS, SCALED, 0);
    ForeignFile known = ForeignFile.of(model.layout(), 3);
    ForeignFile foreign =
        split(ForeignFile.of(model.layout(), 3))
            .renamed(
                name ->
                    name.replace("cls_token", "embeddings.cls_token")
                        .replace("pos_embed", "embeddings.position_embeddings")
                        .replace("patch_embed.proj", "embeddings.patch_embeddings.projection")
                        .replace("blocks.", "encoder.layer.")
                        .replace("attn.proj", "attention.output.dense")
                        .replace("ls1.gamma", "layer_scale1.lambda1")
                        .replace("ls2.gamma", "layer_scale2.lambda1")
                        .replaceAll("^norm\\.", "layernorm."))
            .put("embeddings.mask_token", List.of(1, 8), new float[8]);

    requireEqual(foreign, known, model, Wanted.all(Family.HF_DINOV2));
  }

  @Test
  void open_dinoV2WithRegistersInChunks_foldsTheClassTokensPlace() throws IOException {
    Tokens tokens = new Tokens(true, 4, false, false, false);
    Variant gated = new Variant(true, OptionalDouble.of(1e-5), false, Activation.SILU, true, 1e-6f);
    VisionTransformer model = model(tokens, gated, 0);
    ForeignFile known = ForeignFile.of(model.layout(), 4);
    float[] table = new float[17 * 8];
    float[] token = known.values("cls_token").clone();
    System.arraycopy(known.values("pos_embed"), 0, table, 8, 16 * 8);
    for (int i = 0; i < 8; i++) {
      table[i] = 0.25f * i;
      known.values("cls_token")[i] = token[i] + table[i];
    }
    ForeignFile foreign =
        ForeignFile.of(model.layout(), 4)
            .put("pos_embed", List.of(1, 17, 8), table)
            .put("cls_token", List.of(1, 1, 8), token)
            .put("mask_token", List.of(1, 8), new float[8])
            .renamed(
                name ->
                    "teacher.backbone."
                        + name.replace("reg_token", "register_tokens")
                            .replace("blocks.1.", "blocks.1.1.")
                            .replace("blocks.0.", "blocks.0.0.")
                            .replace("mlp.fc1", "mlp.w12")
                            .replace("mlp.fc2", "mlp.w3"))
            .put("teacher.dino_head.last_layer.weight", List.of(1), 1f);

    requireEqual(foreign, known, model, Wanted.all(Family.DINOV2));
  }

  @Test
  void open_maskedAutoencoder_dropsTheDecoderAndStartsTheHeadAnew() throws IOException {
    VisionTransformer plain = model(Tokens.CLASS, Variant.PLAIN, 3);
    VisionTransformer averaging = model(Tokens.AVERAGE, Variant.PLAIN, 3);
    MaskedAutoencoder trained = MaskedAutoencoder.of(plain, new MaskedAutoencoder.Decoder(8, 1, 2));
    ForeignFile file = ForeignFile.of(trained.layout(), 5);
    Path path = file.write(folder.resolve("mae.safetensors"));

    for (VisionTransformer model : List.of(plain, averaging)) {
      Wanted wanted = Wanted.all(Family.MAE).withFreshHead(9);
      try (Checkpoint opened = Checkpoint.open(path, model, wanted)) {
        assertThat(ForeignFile.read(opened, "blocks.1.mlp.fc2.weight"))
            .isEqualTo(file.values("blocks.1.mlp.fc2.weight"));
        assertThat(ForeignFile.read(opened, "head.weight"))
            .isEqualTo(ForeignFile.read(model.initial(9), "head.weight"));
        assertThat(opened.passedOver()).contains("mask_token", "decoder_blocks.0.norm1.weight");
        assertThat(opened.fresh()).contains("head.weight", "head.bias");
      }
    }
    refused(path, plain, Wanted.all(Family.MAE), Reason.MISSING, "2 tensor(s)", "head.weight");
  }

  @Test
  void open_openClip_turnsTheProjectionAndDropsTheTexts() throws IOException {
    VisionTransformer model = model(Tokens.CLASS, CLIP, 6);
    ForeignFile known = ForeignFile.of(model.layout(), 6);
    known.put("head.bias", List.of(6), new float[6]);
    ForeignFile foreign =
        ForeignFile.of(model.layout(), 6)
            .drop("head.bias")
            .transpose("head.weight")
            .reshape("cls_token", 8)
            .reshape("pos_embed", 17, 8)
            .renamed(
                name ->
                    "visual."
                        + name.replace("patch_embed.proj", "conv1")
                            .replace("cls_token", "class_embedding")
                            .replace("pos_embed", "positional_embedding")
                            .replace("norm_pre", "ln_pre")
                            .replaceAll("^norm\\.", "ln_post.")
                            .replace("head.weight", "proj")
                            .replace("blocks.", "transformer.resblocks.")
                            .replace("norm1", "ln_1")
                            .replace("norm2", "ln_2")
                            .replace("attn.qkv.", "attn.in_proj_")
                            .replace("attn.proj", "attn.out_proj")
                            .replace("mlp.fc1", "mlp.c_fc")
                            .replace("mlp.fc2", "mlp.c_proj"))
            .put("logit_scale", List.of(), 4.6f)
            .put("transformer.resblocks.0.ln_1.bias", List.of(1), 0f);

    requireEqual(foreign, known, model, Wanted.all(Family.OPEN_CLIP));
  }

  @Test
  void open_biomedClip_takesTheTrunk() throws IOException {
    VisionTransformer model = model(Tokens.CLASS, Variant.PLAIN, 5);
    ForeignFile known = ForeignFile.of(model.layout(), 7);
    known.put("head.bias", List.of(5), new float[5]);
    ForeignFile foreign =
        ForeignFile.of(model.layout(), 7)
            .drop("head.bias")
            .renamed(
                name ->
                    name.equals("head.weight") ? "visual.head.proj.weight" : "visual.trunk." + name)
            .put("text.proj.0.weight", List.of(1), 0f)
            .put("logit_scale", List.of(), 4.6f);

    requireEqual(foreign, known, model, Wanted.all(Family.BIOMED_CLIP));
  }

  @Test
  void ours_convNextsOriginalNames_becomeTimms() {
    assertThat(
            List.of(
                Family.CONVNEXT.ours("downsample_layers.0.1.weight"),
                Family.CONVNEXT.ours("downsample_layers.2.0.bias"),
                Family.CONVNEXT.ours("stages.2.7.dwconv.weight"),
                Family.CONVNEXT.ours("stages.0.1.pwconv2.bias"),
                Family.CONVNEXT.ours("stages.3.0.grn.gamma"),
                Family.CONVNEXT.ours("stages.3.0.norm.weight"),
                Family.CONVNEXT.ours("norm.weight"),
                Family.CONVNEXT.ours("head.bias")))
        .containsExactly(
            "stem.1.weight",
            "stages.2.downsample.0.bias",
            "stages.2.blocks.7.conv_dw.weight",
            "stages.0.blocks.1.mlp.fc2.bias",
            "stages.3.blocks.0.mlp.grn.weight",
            "stages.3.blocks.0.norm.weight",
            "head.norm.weight",
            "head.fc.bias");
  }

  @Test
  void open_convNextsOriginalFile_bringsItsLinearLayersIntoOurShape() throws IOException {
    ModelSpec spec = new ModelSpec("convnext", 1, 16, 16, 3, 0);
    ConvNeXt.Block second = new ConvNeXt.Block(true, true, 0, ConvNeXt.Block.EPSILON);
    ConvNeXt model = new ConvNeXt(spec, ConvNeXt.Form.of(List.of(1, 2), List.of(4, 8), second));
    ForeignFile known = ForeignFile.of(model.layout(), 10);
    ForeignFile foreign = ForeignFile.of(model.layout(), 10);
    for (String name : foreign.names()) {
      int width = name.startsWith("stages.0") ? 4 : 8;
      if (name.endsWith("mlp.fc1.weight")) {
        foreign.reshape(name, 4 * width, width);
      } else if (name.endsWith("mlp.fc2.weight")) {
        foreign.reshape(name, width, 4 * width);
      } else if (name.contains(".grn.")) {
        foreign.reshape(name, 1, 1, 1, 4 * width);
      }
    }
    foreign =
        foreign.renamed(
            name ->
                name.replace("head.norm", "norm")
                    .replace("head.fc", "head")
                    .replace("stem.", "downsample_layers.0.")
                    .replace("stages.1.downsample", "downsample_layers.1")
                    .replace(".blocks", "")
                    .replace("conv_dw", "dwconv")
                    .replace("mlp.fc", "pwconv")
                    .replace("mlp.grn.weight", "grn.gamma")
                    .replace("mlp.grn.bias", "grn.beta"));

    requireEqual(foreign, known, model, Wanted.all(Family.CONVNEXT));
    try (Checkpoint opened =
        Checkpoint.open(write(foreign), model, Wanted.all(Family.CONVNEXT).withFreshHead(1))) {
      assertThat(opened.fresh()).containsExactly("head.fc.weight", "head.fc.bias");
    }
  }

  @Test
  void badInput_38_tensorsMissingExtraOrTransposed_areRefusedWithTheirShapes() throws IOException {
    VisionTransformer model = model(Tokens.CLASS, Variant.PLAIN, 3);
    Wanted all = Wanted.all(Family.TIMM);

    ForeignFile missing = ForeignFile.of(model.layout(), 8).drop("blocks.1.norm1.bias");
    refused(write(missing), model, all, Reason.MISSING, "1 tensor(s)", "blocks.1.norm1.bias");

    ForeignFile extra = ForeignFile.of(model.layout(), 8);
    for (int i = 0; i < 12; i++) {
      extra.put("more." + i, List.of(1), 0f);
    }
    refused(write(extra), model, all, Reason.LEFT_OVER, "12 tensor(s)", "more.9, ..");

    ForeignFile bent = ForeignFile.of(model.layout(), 8).transpose("blocks.0.mlp.fc1.weight");
    refused(
        write(bent),
        model,
        all,
        Reason.SHAPE,
        "blocks.0.mlp.fc1.weight [8, 32] instead of [32, 8]");

    Path good = write(ForeignFile.of(model.layout(), 8));
    Wanted clip = Wanted.all(Family.OPEN_CLIP);
    refused(good, model, clip, Reason.EPSILON, "1.0E-5", "1.0E-6");
  }

  @Test
  void open_forAnotherGrid_needsARuleAndThenUsesIt() throws IOException {
    VisionTransformer small = model(Tokens.CLASS, Variant.PLAIN, 3);
    ForeignFile file = ForeignFile.of(small.layout(), 9);
    Path path = write(file);
    Image wide = new Image(1, 24, 32, 4);
    VisionTransformer large =
        VisionTransformer.of("vit", new Shape(wide, BODY, Tokens.CLASS, Variant.PLAIN, 3));
    Wanted all = Wanted.all(Family.TIMM);

    refused(path, large, all, Reason.GRID, "16 cells", "6 x 8");
    PositionRule rule = new PositionRule.Timm();
    try (Checkpoint opened = Checkpoint.open(path, large, all.resampled(rule))) {
      assertThat(opened.resampled()).isTrue();
      assertThat(ForeignFile.read(opened, "pos_embed"))
          .isEqualTo(
              rule.resample(
                  file.values("pos_embed"),
                  1,
                  new PositionRule.Grid(4, 4),
                  new PositionRule.Grid(6, 8)));
    }
  }

  @Test
  void guess_filesOfEachFamily_namesIt() throws IOException {
    ForeignFile file = new ForeignFile().put("visual.trunk.cls_token", List.of(1), 0f);
    try (SafetensorsFile opened = SafetensorsFile.open(write(file))) {
      assertThat(Family.guess(opened.layout())).contains(Family.BIOMED_CLIP);
    }
    VisionTransformer model = model(Tokens.CLASS, Variant.PLAIN, 3);
    assertThat(Family.guess(model.layout())).contains(Family.TIMM);
    assertThat(
            Family.guess(
                MaskedAutoencoder.of(model, new MaskedAutoencoder.Decoder(8, 1, 2)).layout()))
        .contains(Family.MAE);
  }

  @Test
  void line_ofAFilesName_isThatOfItsCheckpointOrSaysNothingIsRecorded() {
    assertThat(Licences.line("RETFound_cfp.safetensors")).isEqualTo("RETFound: CC BY-NC 4.0");
    assertThat(Licences.line("uni2-h.safetensors")).startsWith("UNI2: CC BY-NC-ND");
    assertThat(Licences.line("rad-dino.safetensors")).startsWith("RAD-DINO: MIT");
    assertThat(Licences.line("medsam_vit_b")).isEqualTo("MedSAM: Apache-2.0");
    assertThat(Licences.line("ours.safetensors")).isEqualTo("licence not recorded");
  }

  private static VisionTransformer model(Tokens tokens, Variant variant, int classes) {
    return VisionTransformer.of("vit", new Shape(IMAGE, BODY, tokens, variant, classes));
  }

  /** Query, key and value by themselves. */
  private static ForeignFile split(ForeignFile file) {
    for (String name : new ArrayList<>(file.names())) {
      if (name.contains("attn.qkv.")) {
        file.split(
            name,
            name.replace("attn.qkv", "attention.attention.query"),
            name.replace("attn.qkv", "attention.attention.key"),
            name.replace("attn.qkv", "attention.attention.value"));
      }
    }
    return file;
  }

  private void requireEqual(
      ForeignFile foreign, ForeignFile known, Architecture model, Wanted wanted)
      throws IOException {
    try (Checkpoint opened = Checkpoint.open(write(foreign), model, wanted)) {
      assertThat(opened.layout()).isEqualTo(model.layout());
      float[] pieces = new float[(int) opened.layout().length()];
      for (int at = 0; at < pieces.length; at += 37) {
        opened.read(at, pieces, at, Math.min(37, pieces.length - at));
      }
      for (int t = 0; t < model.layout().tensors().size(); t++) {
        String name = model.layout().tensors().get(t).name();
        int from = (int) model.layout().offset(t);
        int to = (int) model.layout().offset(t + 1);
        assertThat(java.util.Arrays.copyOfRange(pieces, from, to))
            .as(name)
            .isEqualTo(known.values(name));
      }
    }
  }

  private static void refused(
      Path path, VisionTransformer model, Wanted wanted, Reason reason, String... words) {
    assertThatThrownBy(() -> Checkpoint.open(path, model, wanted).close())
        .hasMessageContainingAll(words)
        .asInstanceOf(type(CheckpointRefused.class))
        .extracting(CheckpointRefused::reason)
        .isEqualTo(reason);
  }

  private Path write(ForeignFile file) throws IOException {
    return file.write(folder.resolve("checkpoint.safetensors"));
  }
}
