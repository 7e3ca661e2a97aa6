//! What `PyO3`, Tokio and the system have no safe form of. Every `unsafe` block of this crate
//! stands here.

use std::ffi::{c_int, c_void};
use std::net::TcpListener;
use std::os::fd::{BorrowedFd, FromRawFd, OwnedFd, RawFd};

use pyo3::exceptions::{PyBaseException, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::iterator::PySendResult;
use pyo3::types::{PyDict, PyIterator, PyTuple, PyType};
use pyo3::{PyErr, ffi};
use smallvec::SmallVec;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// A copy of the thread's current `contextvars.Context`.
pub fn copy_context(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    // SAFETY: attached; the call returns a new reference or null with an exception set.
    unsafe { Bound::from_owned_ptr_or_err(py, ffi::PyContext_CopyCurrent()) }
}

/// `contextvars.Context.copy`.
pub fn copy_of_context<'py>(context: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    // SAFETY: attached, and `context` is alive; a wrong type is reported as an exception.
    unsafe { Bound::from_owned_ptr_or_err(context.py(), ffi::PyContext_Copy(context.as_ptr())) }
}

/// Sets a context variable in the thread's current context.
pub fn set_context_variable(variable: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>) -> PyResult<()> {
    let py = variable.py();
    // SAFETY: attached, both pointers are alive; the returned token is owned here and dropped.
    unsafe {
        Bound::from_owned_ptr_or_err(py, ffi::PyContextVar_Set(variable.as_ptr(), value.as_ptr()))
    }
    .map(drop)
}

/// Whether `holders` references to an object are all there are, weak ones included.
pub fn is_held_by(object: &Bound<'_, PyAny>, holders: isize) -> bool {
    let object = object.as_ptr();
    // SAFETY: attached, and the object is alive; where its type has weak references, their list
    // starts at this offset from the object, which may be negative.
    unsafe {
        if ffi::Py_REFCNT(object) != holders {
            return false;
        }
        match (*ffi::Py_TYPE(object)).tp_weaklistoffset {
            0 => true,
            offset => (*object.byte_offset(offset).cast::<*mut ffi::PyObject>()).is_null(),
        }
    }
}

/// The content of a context that is not entered: an object that is never changed. A context whose
/// variables are set gets another one, and a copy has the same one as long as neither is.
///
/// `None` where this interpreter keeps it in some other way.
pub fn content_of_context<'py>(context: &Bound<'py, PyAny>) -> Option<Bound<'py, PyAny>> {
    only_referent(context)
}

/// Whether a context's content refers to `value` in its root. Whatever is derived from the content
/// by setting a variable has a root of its own, and so a reference to `value` of its own; deeper
/// parts are shared, and would not show.
pub fn has_in_root(content: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>) -> bool {
    only_referent(content).is_some_and(|root| referents(&root).contains(&value.as_ptr()))
}

fn only_referent<'py>(object: &Bound<'py, PyAny>) -> Option<Bound<'py, PyAny>> {
    match referents(object)[..] {
        // SAFETY: the object, which is alive, holds a reference to it.
        [referent] => Some(unsafe { Bound::from_borrowed_ptr(object.py(), referent) }),
        _ => None,
    }
}

/// What an object refers to, as the garbage collector sees it. For comparison: nothing keeps it alive
/// but the object.
fn referents(object: &Bound<'_, PyAny>) -> SmallVec<[*mut ffi::PyObject; 2]> {
    unsafe extern "C" fn visit(object: *mut ffi::PyObject, seen: *mut c_void) -> c_int {
        // SAFETY: `seen` is what `tp_traverse` is given below.
        unsafe { (*seen.cast::<SmallVec<[*mut ffi::PyObject; 2]>>()).push(object) };
        0
    }
    let mut seen = SmallVec::new();
    // SAFETY: attached; `tp_traverse` only calls `visit`, once per reference that the object holds.
    unsafe {
        if let Some(traverse) = (*ffi::Py_TYPE(object.as_ptr())).tp_traverse {
            traverse(object.as_ptr(), visit, (&raw mut seen).cast());
        }
    }
    seen
}

/// Runs `work` with `context` as the thread's current context.
///
/// # Errors
///
/// `RuntimeError` where the context is entered already.
pub fn within_context<T>(context: &Bound<'_, PyAny>, work: impl FnOnce() -> T) -> PyResult<T> {
    let py = context.py();
    // SAFETY: attached, and `context` is alive; a wrong type is reported as an exception.
    if unsafe { ffi::PyContext_Enter(context.as_ptr()) } != 0 {
        return Err(PyErr::fetch(py));
    }
    // Left even where `work` panics: the thread goes on, and would be in it for ever.
    let entered = Entered(context);
    let result = work();
    entered.leave()?;
    Ok(result)
}

struct Entered<'a, 'py>(&'a Bound<'py, PyAny>);

impl Entered<'_, '_> {
    fn leave(self) -> PyResult<()> {
        let context = self.0;
        std::mem::forget(self);
        Self::exit(context)
    }

    fn exit(context: &Bound<'_, PyAny>) -> PyResult<()> {
        // SAFETY: the context was entered on this thread, and whatever was entered since was left.
        if unsafe { ffi::PyContext_Exit(context.as_ptr()) } != 0 {
            return Err(PyErr::fetch(context.py()));
        }
        Ok(())
    }
}

impl Drop for Entered<'_, '_> {
    fn drop(&mut self) {
        if let Err(error) = Self::exit(self.0) {
            error.write_unraisable(self.0.py(), None);
        }
    }
}

/// The exception object of an error, with its traceback: before Python 3.12 the interpreter keeps
/// the two apart until somebody joins them.
pub fn exception<'py>(py: Python<'py>, error: &PyErr) -> Bound<'py, PyBaseException> {
    error.clone_ref(py).into_value(py).into_bound(py)
}

/// Resumes a coroutine with `None`.
pub fn resume<'py>(coroutine: &Bound<'py, PyAny>) -> PyResult<PySendResult<'py>> {
    // SAFETY: `PyIterator::send` only calls `PyIter_Send`, which takes any object: one without
    // the slot has its `send` method called.
    let iterator = unsafe { coroutine.cast_unchecked::<PyIterator>() };
    iterator.send(coroutine.py().None().bind(coroutine.py()))
}

/// Calls `callable` with arguments by position, and by keyword where `keywords` names the last
/// ones; no tuple and no dict is built.
pub fn vectorcall<'py>(
    callable: &Bound<'py, PyAny>,
    arguments: &[Bound<'py, PyAny>],
    keywords: Option<&Bound<'py, PyTuple>>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = callable.py();
    let named = keywords.map_or(0, PyTupleMethods::len);
    let positional = arguments.len() - named;
    // SAFETY: `Bound` is a transparent wrapper around a non-null object pointer, so that the
    // slice is an array of borrowed references that lives through the call; the flag that lets
    // the callee write before the array is not set.
    unsafe {
        Bound::from_owned_ptr_or_err(
            py,
            ffi::PyObject_Vectorcall(
                callable.as_ptr(),
                arguments.as_ptr().cast::<*mut ffi::PyObject>(),
                positional,
                keywords.map_or(std::ptr::null_mut(), Bound::as_ptr),
            ),
        )
    }
}

/// `class.__new__(class)`: an object whose `__init__` was not called.
pub fn new_object<'py>(class: &Bound<'py, PyType>) -> PyResult<Bound<'py, PyAny>> {
    let py = class.py();
    let arguments = PyTuple::empty(py);
    let class = class.as_type_ptr();
    // SAFETY: attached; `tp_new` of a ready class takes the class, a tuple and no keywords, and
    // returns a new reference or null with an exception set.
    unsafe {
        let Some(new) = (*class).tp_new else {
            return Err(PyTypeError::new_err(
                "instances of this class cannot be made",
            ));
        };
        Bound::from_owned_ptr_or_err(py, new(class, arguments.as_ptr(), std::ptr::null_mut()))
    }
}

/// `dict.setdefault`: what the dictionary holds under `key`, `default` where there was nothing.
pub fn set_default<'py>(
    dict: &Bound<'py, PyDict>,
    key: &Bound<'py, PyAny>,
    default: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    // SAFETY: attached, all three are alive; the call returns a borrowed reference to what the
    // dictionary holds, or null with an exception set.
    unsafe {
        let held = ffi::PyDict_SetDefault(dict.as_ptr(), key.as_ptr(), default.as_ptr());
        Bound::from_borrowed_ptr_or_err(dict.py(), held)
    }
}

/// Whether an object's type is `class` or derived from it. A `__class__` that an object merely
/// claims to have does not count, which `isinstance` looks for at a cost.
pub fn is_of_type(object: &Bound<'_, PyAny>, class: &Bound<'_, PyType>) -> bool {
    // SAFETY: both are alive, and `class` is a type.
    unsafe { ffi::PyObject_TypeCheck(object.as_ptr(), class.as_type_ptr()) != 0 }
}

/// Whether an object's type is `class` and no subclass of it.
pub fn is_exactly(object: &Bound<'_, PyAny>, class: &Bound<'_, PyType>) -> bool {
    std::ptr::eq(object.get_type_ptr(), class.as_type_ptr())
}

/// Takes over a listening socket that Python detached.
///
/// # Errors
///
/// `OSError` where the descriptor is not open.
pub fn take_listener(descriptor: RawFd) -> PyResult<TcpListener> {
    if descriptor < 0 {
        return Err(PyValueError::new_err(format!(
            "{descriptor} is not a file descriptor"
        )));
    }
    // SAFETY: the caller gives the descriptor up, as `socket.detach()` does; a closed one is
    // refused below, before anything is done with it.
    let listener = unsafe { TcpListener::from_raw_fd(descriptor) };
    if let Err(error) = listener.local_addr() {
        std::mem::forget(listener); // it was not ours to close
        return Err(error.into());
    }
    Ok(listener)
}

/// Has Tokio watch the descriptor of a Python selector for something to read.
///
/// # Errors
///
/// `OSError` where the descriptor is not open, or cannot be watched.
pub fn watch_selector(descriptor: RawFd) -> PyResult<AsyncFd<OwnedFd>> {
    if descriptor < 0 {
        return Err(PyValueError::new_err("the selector is closed"));
    }
    // SAFETY: the selector that Python holds through this call has it open.
    let selector = unsafe { BorrowedFd::borrow_raw(descriptor) };
    // A duplicate of our own: Python may close its selector before Tokio lets go of it.
    let selector = selector.try_clone_to_owned()?;
    // SAFETY: `AsyncFd` owns the duplicate, so that it stays open and the same until it is
    // dropped.
    let watched = unsafe { AsyncFd::register_with_interest(selector, Interest::READABLE) };
    watched.map_err(|error| std::io::Error::from(error).into())
}
