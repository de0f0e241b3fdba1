package org.consilium.models.engine;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;

/**
 * Turns off the engine's NNPACK convolutions, which it tries for batches of 16 and more and which,
 * on many processors, print a warning for every call and then take the slowest path. The switch
 * exists in libtorch ({@code at::Context::setUserEnabledNNPACK}) but not in its Java interface.
 */
final class NnpackOff {
  private NnpackOff() {}

  /** Whether the switch was found; where it is not, the engine works on, with its warnings. */
  @SuppressWarnings("restricted") // two calls into the loaded engine: a pointer and a boolean
  static boolean apply() {
    SymbolLookup engine = SymbolLookup.loaderLookup();
    MemorySegment context = engine.find("_ZN2at13globalContextEv").orElse(MemorySegment.NULL);
    MemorySegment set =
        engine.find("_ZN2at7Context20setUserEnabledNNPACKEb").orElse(MemorySegment.NULL);
    if (context.address() == 0 || set.address() == 0) {
      return false;
    }
    Linker linker = Linker.nativeLinker();
    var globalContext = linker.downcallHandle(context, FunctionDescriptor.of(ValueLayout.ADDRESS));
    var setEnabled =
        linker.downcallHandle(
            set, FunctionDescriptor.ofVoid(ValueLayout.ADDRESS, ValueLayout.JAVA_BOOLEAN));
    try {
      MemorySegment self = (MemorySegment) globalContext.invokeExact();
      setEnabled.invokeExact(self, false);
      return true;
    } catch (Throwable failure) {
      throw new IllegalStateException("turn off the engine's NNPACK convolutions", failure);
    }
  }
}
