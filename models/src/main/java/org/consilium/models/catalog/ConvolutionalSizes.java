package org.consilium.models.catalog;

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

  private static void convNeXt(
      String name, ConvNeXt.Form form, Map<String, Function<ModelSpec, Architecture>> sizes) {
    sizes.put(name, spec -> new ConvNeXt(spec, form));
  }

  /** Widths of four stages. */
  private static List<Integer> doubling(int first) {
    return List.of(first, 2 * first, 4 * first, 8 * first);
  }
}
