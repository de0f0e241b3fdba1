/**
 * Models as names, shapes and bytes: the layout, and safetensors files read and written block by
 * block. In: files that are not trusted. Out: float32 blocks. Pure Java, no engine.
 */
@NullMarked
package org.consilium.models.params;

import org.jspecify.annotations.NullMarked;
