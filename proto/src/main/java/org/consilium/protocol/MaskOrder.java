package org.consilium.protocol;

import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What the coordinator hands to a site in the masking of one attempt: what the others signed,
 * unchanged, and whose updates were accepted. Each order may come again.
 */
public sealed interface MaskOrder {
  /** The attempt that it belongs to. */
  MaskMessage.Place place();

  /**
   * U1: everyone's signed {@link MaskMessage.Keys}.
   *
   * @param entries by site
   */
  record KeyBook(MaskMessage.Place place, SortedMap<SiteId, Entry> entries) implements MaskOrder {
    public KeyBook {
      entries = new TreeMap<>(entries);
    }
  }

  /**
   * One site's entry.
   *
   * @param signingChain DER certificates of its signing key, leaf first
   */
  record Entry(SignedBytes keys, List<byte[]> signingChain) {
    public Entry {
      signingChain = List.copyOf(signingChain);
      StudyPlan.check(
          !signingChain.isEmpty() && signingChain.size() <= 5,
          "signing chain must have 1-5 certificates",
          signingChain.size());
    }
  }

  /** Signed {@link MaskMessage.Parcel}s to the receiver, from all of U2 but itself. */
  record Parcels(MaskMessage.Place place, List<SignedBytes> parcels) implements MaskOrder {
    public Parcels {
      parcels = List.copyOf(parcels);
    }
  }

  /** U3, with the digest of each manifest. */
  record Survivors(MaskMessage.Place place, SortedMap<SiteId, Digest> uploads)
      implements MaskOrder {
    public Survivors {
      uploads = new TreeMap<>(uploads);
    }
  }

  /** Signed {@link MaskMessage.Consent}s. */
  record Consents(MaskMessage.Place place, SortedMap<SiteId, SignedBytes> consents)
      implements MaskOrder {
    public Consents {
      consents = new TreeMap<>(consents);
    }
  }
}
