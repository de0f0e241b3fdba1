package org.consilium.models.catalog;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.consilium.protocol.ModelSpec;

/** The published sizes of the convolutional families, by name. */
final class ConvolutionalSizes {
  private static final Map<String, Function<ModelSpec, Architecture>> SIZES = sizes();

  private ConvolutionalSizes() {}

  static List<String> names() {
    return List.copyOf(SIZES.keySet());
  }

  /** Those that make one vector of an image. */
  static List<String> encoders() {
    return SIZES.keySet().stream()
        .filter(name -> name.startsWith("convnext") || name.startsWith("unireplknet"))
        .toList();
  }

  /** The model that {@code spec} names, which must be one of {@link #names}. */
  static Catalogue.Found find(ModelSpec spec) {
    Function<ModelSpec, Architecture> size = SIZES.get(spec.architecture());
    if (size == null) {
      throw new IllegalArgumentException("no convolutional model " + spec.architecture());
    }
    try {
      return new Catalogue.Known(size.apply(spec));
    } catch (IllegalArgumentException refused) {
      return new Catalogue.Refused(String.valueOf(refused.getMessage()));
    }
  }

  private static Map<String, Function<ModelSpec, Architecture>> sizes() {
    Map<String, Function<ModelSpec, Architecture>> sizes = new LinkedHashMap<>();
    convNeXt(sizes);
    uniRepLKNet(sizes);
    segmentation(sizes);
    return sizes;
  }

  /** Liu et al. 2022, Woo et al. 2023 and timm, which has the smaller ones. */
  private static void convNeXt(Map<String, Function<ModelSpec, Architecture>> sizes) {
    List<Integer> short6 = List.of(2, 2, 6, 2);
    List<Integer> short8 = List.of(2, 2, 8, 2);
    List<Integer> middle = List.of(3, 3, 9, 3);
    List<Integer> deep = List.of(3, 3, 27, 3);
    ConvNeXt.Block points = new ConvNeXt.Block(true, false, 1e-6, ConvNeXt.Block.EPSILON);
    ConvNeXt.Block linear = new ConvNeXt.Block(false, false, 1e-6, ConvNeXt.Block.EPSILON);
    ConvNeXt.Block second = new ConvNeXt.Block(false, true, 0, ConvNeXt.Block.EPSILON);
    convNeXt("convnext-test", ConvNeXt.Form.of(short6, doubling(16), linear), sizes);
    convNeXt("convnext-atto", ConvNeXt.Form.of(short6, doubling(40), points), sizes);
    convNeXt("convnext-femto", ConvNeXt.Form.of(short6, doubling(48), points), sizes);
    convNeXt("convnext-pico", ConvNeXt.Form.of(short6, doubling(64), points), sizes);
    convNeXt("convnext-nano", ConvNeXt.Form.of(short8, doubling(80), points), sizes);
    convNeXt("convnext-tiny", ConvNeXt.Form.of(middle, doubling(96), linear), sizes);
    convNeXt("convnext-small", ConvNeXt.Form.of(deep, doubling(96), linear), sizes);
    convNeXt("convnext-base", ConvNeXt.Form.of(deep, doubling(128), linear), sizes);
    convNeXt("convnext-large", ConvNeXt.Form.of(deep, doubling(192), linear), sizes);
    convNeXt("convnextv2-test", ConvNeXt.Form.of(short6, doubling(16), second), sizes);
    convNeXt("convnextv2-atto", ConvNeXt.Form.of(short6, doubling(40), second), sizes);
    convNeXt("convnextv2-femto", ConvNeXt.Form.of(short6, doubling(48), second), sizes);
    convNeXt("convnextv2-pico", ConvNeXt.Form.of(short6, doubling(64), second), sizes);
    convNeXt("convnextv2-nano", ConvNeXt.Form.of(short8, doubling(80), second), sizes);
    convNeXt("convnextv2-tiny", ConvNeXt.Form.of(middle, doubling(96), second), sizes);
    convNeXt("convnextv2-base", ConvNeXt.Form.of(deep, doubling(128), second), sizes);
    convNeXt("convnextv2-large", ConvNeXt.Form.of(deep, doubling(192), second), sizes);
  }

  /** Ding et al. 2024, table 3: 13×13 kernels, and 3×3 where the authors have them. */
  private static void uniRepLKNet(Map<String, Function<ModelSpec, Architecture>> sizes) {
    uniRepLKNet("unireplknet-test", 16, List.of(1, 1, 2, 1), 2, sizes);
    uniRepLKNet("unireplknet-a", 40, List.of(2, 2, 6, 2), 1, sizes);
    uniRepLKNet("unireplknet-f", 48, List.of(2, 2, 6, 2), 1, sizes);
    uniRepLKNet("unireplknet-p", 64, List.of(2, 2, 6, 2), 1, sizes);
    uniRepLKNet("unireplknet-n", 80, List.of(2, 2, 8, 2), 1, sizes);
    uniRepLKNet("unireplknet-t", 80, List.of(3, 3, 18, 3), 2, sizes);
    uniRepLKNet("unireplknet-s", 96, List.of(3, 3, 27, 3), 3, sizes);
    uniRepLKNet("unireplknet-b", 128, List.of(3, 3, 27, 3), 3, sizes);
    uniRepLKNet("unireplknet-l", 192, List.of(3, 3, 27, 3), 3, sizes);
    uniRepLKNet("unireplknet-xl", 256, List.of(3, 3, 27, 3), 3, sizes);
  }

  /** In the third stage every {@code large}-th kernel is large, beginning with the first. */
  private static void uniRepLKNet(
      String name,
      int width,
      List<Integer> depths,
      int large,
      Map<String, Function<ModelSpec, Architecture>> sizes) {
    List<List<Integer>> kernels = new ArrayList<>();
    for (int stage = 0; stage < depths.size(); stage++) {
      List<Integer> edges = new ArrayList<>();
      for (int block = 0; block < depths.get(stage); block++) {
        boolean small = stage == 0 || (stage == 2 && block % large != 0);
        edges.add(small ? 3 : 13);
      }
      kernels.add(edges);
    }
    UniRepLKNet.Form form = new UniRepLKNet.Form(doubling(width), kernels);
    sizes.put(name, spec -> new UniRepLKNet(spec, form));
  }

  /** MONAI's defaults where it has any; {@code unet-gn} and {@code unetr-small} are our own. */
  private static void segmentation(Map<String, Function<ModelSpec, Architecture>> sizes) {
    BasicUNet.Form groups = new BasicUNet.Form(List.of(16, 16, 32, 64, 64, 16), 8);
    BasicUNet.Form basic = new BasicUNet.Form(List.of(32, 32, 64, 128, 256, 32), 0);
    ResidualUNet.Form residual =
        new ResidualUNet.Form(List.of(16, 32, 64, 128), List.of(2, 2, 2), 2, 3, 3);
    Unetr.Form unetr =
        new Unetr.Form(new Unetr.Tokens(768, 3072, 12, 12, false), 16, 16, true, Unetr.Names.MONAI);
    Unetr.Form small =
        new Unetr.Form(new Unetr.Tokens(128, 512, 8, 4, false), 8, 16, true, Unetr.Names.TIMM);
    sizes.put("unet-gn", spec -> new BasicUNet(spec, groups));
    sizes.put("unet-basic", spec -> new BasicUNet(spec, basic));
    sizes.put("unet-res", spec -> new ResidualUNet(spec, residual));
    sizes.put("unetr", spec -> new Unetr(spec, unetr));
    sizes.put("unetr-small", spec -> new Unetr(spec, small));
  }

  private static void convNeXt(
      String name, ConvNeXt.Form form, Map<String, Function<ModelSpec, Architecture>> sizes) {
    sizes.put(name, spec -> new ConvNeXt(spec, form));
  }

  /** Widths of four stages. */
  private static List<Integer> doubling(int first) {
    return List.of(first, 2 * first, 4 * first, 8 * first);
  }
}
