package org.consilium.models.arch;

import ai.djl.ndarray.NDArray;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Optional;

/**
 * The engine's {@code aten::group_norm}, one pass forward and one back. Its Java interface has
 * none, so libtorch's C interface is called. That takes the arguments as a stack of 64-bit slots:
 * tensors as handles which the call takes over, optional arguments as pointers to a slot which it
 * frees.
 */
final class FusedGroupNorm implements GroupNorm {
  private static final int ARGUMENTS = 6;

  private final int groups;
  private final MethodHandle call;
  private final MethodHandle newHandle;
  private final MethodHandle newSlot;
  private final MemorySegment operation = Arena.ofAuto().allocateFrom("aten::group_norm");
  private final MemorySegment overload = Arena.ofAuto().allocateFrom("");

  private FusedGroupNorm(
      int groups, MethodHandle call, MethodHandle newHandle, MethodHandle newSlot) {
    this.groups = groups;
    this.call = call;
    this.newHandle = newHandle;
    this.newSlot = newSlot;
  }

  /** Empty where the loaded engine lacks the C interface. */
  @SuppressWarnings("restricted") // functions of libtorch and the C library, as they are declared
  static Optional<FusedGroupNorm> find(int groups) {
    SymbolLookup engine = SymbolLookup.loaderLookup();
    Linker linker = Linker.nativeLinker();
    Optional<MemorySegment> call = engine.find("aoti_torch_call_dispatcher");
    Optional<MemorySegment> handle = engine.find("aoti_torch_new_tensor_handle");
    Optional<MemorySegment> malloc = linker.defaultLookup().find("malloc");
    if (call.isEmpty() || handle.isEmpty() || malloc.isEmpty()) {
      return Optional.empty();
    }
    var address = ValueLayout.ADDRESS;
    var code = ValueLayout.JAVA_INT;
    return Optional.of(
        new FusedGroupNorm(
            groups,
            linker.downcallHandle(
                call.get(), FunctionDescriptor.of(code, address, address, address)),
            linker.downcallHandle(
                handle.get(), FunctionDescriptor.of(code, ValueLayout.JAVA_LONG, address)),
            linker.downcallHandle(
                malloc.get(), FunctionDescriptor.of(address, ValueLayout.JAVA_LONG))));
  }

  @Override
  public NDArray apply(NDArray x, NDArray scale, NDArray shift) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment stack = arena.allocate(ValueLayout.JAVA_LONG, ARGUMENTS);
      stack.setAtIndex(ValueLayout.JAVA_LONG, 0, handle(arena, x));
      stack.setAtIndex(ValueLayout.JAVA_LONG, 1, groups);
      stack.setAtIndex(ValueLayout.JAVA_LONG, 2, slot(handle(arena, scale)));
      stack.setAtIndex(ValueLayout.JAVA_LONG, 3, slot(handle(arena, shift)));
      stack.setAtIndex(ValueLayout.JAVA_LONG, 4, Double.doubleToRawLongBits(EPSILON));
      stack.setAtIndex(ValueLayout.JAVA_LONG, 5, 0); // without cuDNN, which has none for groups
      require((int) call.invokeExact(operation, overload, stack));
      long result = stack.getAtIndex(ValueLayout.JAVA_LONG, 0);
      return new PtNDArray((PtNDManager) x.getManager(), result);
    } catch (RuntimeException failure) {
      throw failure;
    } catch (Throwable failure) {
      throw new IllegalStateException("call the engine's group normalisation", failure);
    }
  }

  private long handle(Arena arena, NDArray tensor) throws Throwable {
    MemorySegment made = arena.allocate(ValueLayout.JAVA_LONG);
    long known = ((PtNDArray) tensor).getHandle();
    require((int) newHandle.invokeExact(known, made));
    return made.get(ValueLayout.JAVA_LONG, 0);
  }

  @SuppressWarnings("restricted") // eight bytes, just allocated
  private long slot(long value) throws Throwable {
    MemorySegment made = (MemorySegment) newSlot.invokeExact((long) Long.BYTES);
    made.reinterpret(Long.BYTES).set(ValueLayout.JAVA_LONG, 0, value);
    return made.address();
  }

  /** The engine prints the reason itself. */
  private static void require(int code) {
    if (code != 0) {
      throw new IllegalStateException("normalise groups: the engine failed with code " + code);
    }
  }
}
