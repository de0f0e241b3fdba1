package org.consilium.sim.own.cases;

import org.consilium.models.data.ImageSet;
import org.consilium.protocol.SiteId;

/**
 * One site of a run on pictures with one class each.
 *
 * @param differs how its cases differ, in words
 */
record OwnSite(SiteId id, ImageSet training, ImageSet holdout, String differs) {}
