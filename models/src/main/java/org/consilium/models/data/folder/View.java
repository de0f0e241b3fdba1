package org.consilium.models.data.folder;

import java.util.ArrayList;
import java.util.List;
import org.consilium.models.data.folder.FolderRules.Size;
import org.consilium.models.data.folder.MaskFolder.MaskCase;

/**
 * How a site's pictures are looked at before they are cut, so that all sites' look alike: only the
 * site knows how its own are stained and magnified.
 *
 * @param invert whether they are turned to the negative, for dark structures on a light ground
 * @param shrink factor by which they are made smaller, each new pixel the mean of the area that it
 *     covers; 1 leaves them as they are
 */
public record View(boolean invert, int shrink) {
  /** As they are. */
  public static final View PLAIN = new View(false, 1);

  /** Largest factor. */
  public static final int SHRINK_MAX = 16;

  public View {
    if (shrink < 1 || shrink > SHRINK_MAX) {
      throw new IllegalArgumentException(
          "shrink must be 1-%d, got %d".formatted(SHRINK_MAX, shrink));
    }
  }

  List<MaskCase> of(List<MaskCase> cases) {
    if (equals(PLAIN)) {
      return cases;
    }
    List<MaskCase> seen = new ArrayList<>();
    cases.forEach(each -> seen.add(of(each)));
    return seen;
  }

  private MaskCase of(MaskCase each) {
    int height = each.size().height();
    int width = each.size().width();
    Size size = new Size(Math.max(1, height / shrink), Math.max(1, width / shrink));
    Picture picture = Fitting.picture(Tiles.picture(each), size);
    byte[] pixels = new byte[picture.samples().length];
    for (int i = 0; i < pixels.length; i++) {
      int value = picture.samples()[i];
      pixels[i] = (byte) (invert ? 255 - value : value);
    }
    return new MaskCase(
        each.facts(),
        each.split(),
        each.channels(),
        size,
        pixels,
        Fitting.mask(each.mask(), height, width, size),
        each.instances());
  }
}
