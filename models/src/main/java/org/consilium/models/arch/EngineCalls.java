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
 * The engine's operations that its Java interface lacks, through libtorch's C interface. That takes
 * the arguments as a stack of 64-bit slots: tensors as handles which the call takes over, optional
 * arguments as pointers to a slot which it frees.
 */
final class EngineCalls {
  private final MethodHandle call;
  private final MethodHandle newHandle;
  private final MethodHandle newSlot;
  private final MemorySegment overload = Arena.ofAuto().allocateFrom("");

  private EngineCalls(MethodHandle call, MethodHandle newHandle, MethodHandle newSlot) {
    this.call = call;
    this.newHandle = newHandle;
    this.newSlot = newSlot;
  }

  /** Empty where the loaded engine lacks the C interface. */
  @SuppressWarnings("restricted") // functions of libtorch and the C library, as they are declared
  static Optional<EngineCalls> find() {
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
        new EngineCalls(
            linker.downcallHandle(
                call.get(), FunctionDescriptor.of(code, address, address, address)),
            linker.downcallHandle(
                handle.get(), FunctionDescriptor.of(code, ValueLayout.JAVA_LONG, address)),
            linker.downcallHandle(
                malloc.get(), FunctionDescriptor.of(address, ValueLayout.JAVA_LONG))));
  }

  /** Puts the arguments on the stack. */
  @FunctionalInterface
  interface Arguments {
    /** Slot by slot. */
    void fill(Slots slots) throws Throwable;
  }

  /** The stack of one call. */
  final class Slots {
    private final Arena arena;
    private final MemorySegment stack;
    private int next;

    private Slots(Arena arena, int count) {
      this.arena = arena;
      this.stack = arena.allocate(ValueLayout.JAVA_LONG, count);
    }

    /** A whole number, or a truth as 0 or 1; also 0 for an optional argument that is left out. */
    Slots whole(long value) {
      stack.setAtIndex(ValueLayout.JAVA_LONG, next++, value);
      return this;
    }

    Slots real(double value) {
      return whole(Double.doubleToRawLongBits(value));
    }

    Slots tensor(NDArray tensor) throws Throwable {
      return whole(handle(tensor));
    }

    /** A tensor where the operation could do without. */
    Slots optional(NDArray tensor) throws Throwable {
      return whole(slot(handle(tensor)));
    }

    private long handle(NDArray tensor) throws Throwable {
      MemorySegment made = arena.allocate(ValueLayout.JAVA_LONG);
      long known = ((PtNDArray) tensor).getHandle();
      require((int) newHandle.invokeExact(known, made), "take a tensor");
      return made.get(ValueLayout.JAVA_LONG, 0);
    }

    @SuppressWarnings("restricted") // eight bytes, just allocated
    private long slot(long value) throws Throwable {
      MemorySegment made = (MemorySegment) newSlot.invokeExact((long) Long.BYTES);
      made.reinterpret(Long.BYTES).set(ValueLayout.JAVA_LONG, 0, value);
      return made.address();
    }
  }

  /**
   * One operation with one result, which belongs to the manager of {@code owner}.
   *
   * @param operation its name with the namespace, a C string
   * @param count of its arguments
   */
  NDArray call(MemorySegment operation, NDArray owner, int count, Arguments arguments) {
    try (Arena arena = Arena.ofConfined()) {
      Slots slots = new Slots(arena, count);
      arguments.fill(slots);
      require((int) call.invokeExact(operation, overload, slots.stack), operation.getString(0));
      long result = slots.stack.getAtIndex(ValueLayout.JAVA_LONG, 0);
      return new PtNDArray((PtNDManager) owner.getManager(), result);
    } catch (RuntimeException failure) {
      throw failure;
    } catch (Throwable failure) {
      throw new IllegalStateException("call the engine's " + operation.getString(0), failure);
    }
  }

  /** The engine prints the reason itself. */
  private static void require(int code, String step) {
    if (code != 0) {
      throw new IllegalStateException("%s: the engine failed with code %d".formatted(step, code));
    }
  }
}
